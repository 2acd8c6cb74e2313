import java.util.UUID;

/** The bodies of one session's hooks, compact and with the fields that WCS sends (wcs-rest-hooks 2.4). */
final class Bodies {
    private static final String NODE = "Hw47CFMBEchVOpBMDr29IxjudnJ1sjOY@192.168.1.101";
    private static final String CONNECTION = "\"useWsTunnel\":false,\"useWsTunnelPacketization2\":false,"
        + "\"useBase64BinaryEncoding\":false,\"mediaProviders\":[\"WebRTC\",\"MSE\"],\"clientVersion\":\"2.0\","
        + "\"clientOSVersion\":\"5.0 (X11)\",\"clientBrowserVersion\":\"Mozilla/5.0 (X11; Linux x86_64)\","
        + "\"keepAlive\":false,\"origin\":\"https://example.org\"";
    private static final String MEDIA = "\"record\":false,\"width\":0,\"height\":0,\"bitrate\":0,\"minBitrate\":0,"
        + "\"maxBitrate\":0,\"quality\":0,\"mediaProvider\":\"WebRTC\"";

    private final String context;
    private final String custom;
    private final String token;

    Bodies(Plan plan) {
        context = "{\"nodeId\":\"" + NODE + "\",\"appKey\":\"EchoApp\",\"sessionId\":\"" + plan.sessionId() + "\",";
        token = "{\"token\":\"" + plan.token() + "\"}";
        custom = "\"custom\":{\"login\":\"" + plan.login() + "\",\"token\":\"" + plan.token() + "\"}";
    }

    String connect() {
        return context + CONNECTION + "," + custom + "}";
    }

    String connection(String status) {
        return context + CONNECTION + ",\"status\":\"" + status + "\"}";
    }

    String stream(UUID id, String name, boolean published, String status) {
        return context + "\"mediaSessionId\":\"" + id + "\",\"name\":\"" + name + "\",\"published\":" + published
            + ",\"hasVideo\":true,\"hasAudio\":true,\"status\":\"" + status + "\"," + MEDIA + "," + custom + "}";
    }

    String call(UUID id, boolean incoming, String status) {
        return context + "\"callId\":\"" + id + "\",\"incoming\":" + incoming + ",\"status\":\"" + status
            + "\",\"caller\":\"1000\",\"callee\":\"1001\",\"hasAudio\":true,\"hasVideo\":false,\"visibleName\":\"1000\","
            + "\"mediaProvider\":\"WebRTC\",\"isMsrp\":false,\"holdForTransfer\":false," + custom + "}";
    }

    String data(UUID id) {
        return context + "\"operationId\":\"" + id + "\",\"payload\":" + token + "}";
    }

    String dataStatus(UUID id, String status) {
        return context + "\"operationId\":\"" + id + "\",\"status\":\"" + status + "\"}";
    }
}
