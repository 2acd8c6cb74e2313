import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/** One WebSocket connection of a client, from `connect` to DISCONNECTED (wcs-rest-hooks 2.2). */
final class Session implements Runnable {
    /** A client whose wish was refused clicks again after this long. */
    private static final long AGAIN_MS = 1200;
    private static final long SHORT_MS = 2500;
    private static final long TO_THE_END_MS = 600_000;
    private static final int SHORT_TRIES = 3;
    private static final String KEEP_ALIVE = "StreamKeepAliveEvent";

    private final Wcs wcs;
    private final Plan plan;
    private final Bodies bodies;
    private Rules rules = new Rules(null);
    private volatile boolean isLive;
    private volatile Future<?> keepAlives;
    private String arrival = "";
    private String end = "";

    Session(Wcs wcs, Plan plan) {
        this.wcs = wcs;
        this.plan = plan;
        bodies = new Bodies(plan);
    }

    @Override
    public void run() {
        if (!connect()) return;
        event("ConnectionStatusEvent", bodies.connection("ESTABLISHED"));
        boolean hasStarted = start();
        for (int tries = 1; !hasStarted && !wcs.isOver() && (plan.stays() || tries < SHORT_TRIES); tries++) {
            wcs.pause(AGAIN_MS);
            hasStarted = start();
        }
        wcs.tally.count(arrival, "session", plan.standing(), end, hasStarted ? "started" : "never started");
        event("ConnectionStatusEvent", bodies.connection("DISCONNECTED"));
    }

    /** Always waits for the answer, and always refuses the client unless it is a 200. */
    private boolean connect() {
        String phase = wcs.phase();
        Hooks.Answer answer = post("connect", bodies.connect(), "connect");
        boolean isHeld = answer.isOk() && answer.from().equals("default");
        arrival = phase;
        end = isHeld ? "held" : answer.isOk() ? "let in" : "turned away";
        wcs.tally.count(phase, "connect", plan.standing(), end);
        if (answer.isOk() && !isHeld && !plan.mayConnect()) wcs.tally.count(phase, "stranger admitted", "connect");
        rules = new Rules(answer.json());
        return answer.isOk();
    }

    /** What the client came for. False if it was refused. */
    private boolean start() {
        UUID id = UUID.randomUUID();
        switch (plan.wish()) {
            case "publish": return stream(id, true);
            case "play": return stream(id, false);
            case "call": return call(id);
            case "incoming": return incoming(id);
            default: return data(id);
        }
    }

    private boolean stream(UUID id, boolean published) {
        String name = "stream-" + plan.number();
        if (!decide(published ? "publishStream" : "playStream", bodies.stream(id, name, published, "PENDING"))) {
            event("StreamStatusEvent", bodies.stream(id, name, published, "FAILED"));
            return false;
        }
        String status = published ? "PUBLISHING" : "PLAYING";
        event("StreamStatusEvent", bodies.stream(id, name, published, status));
        isLive = true;
        keepAlives = wcs.repeat(() -> keepAlive(bodies.stream(id, name, published, status)));
        stay();
        keepAlives.cancel(false);
        boolean ended = !isLive;
        isLive = false;
        if (!ended) decide(published ? "unPublishStream" : "stopStream", bodies.stream(id, name, published, "UNPUBLISHED"));
        event("StreamStatusEvent", bodies.stream(id, name, published, published ? "UNPUBLISHED" : "STOPPED"));
        return true;
    }

    /** Under FAIL, whatever is not a 200 ends the stream. */
    private void keepAlive(String body) {
        if (!isLive || rules.isOff(KEEP_ALIVE)) return;
        String phase = wcs.phase();
        Hooks.Answer answer = post(KEEP_ALIVE, body, kind(KEEP_ALIVE));
        if (answer.isOk() || !rules.fails(KEEP_ALIVE) || !isLive) return;
        isLive = false;
        keepAlives.cancel(false);
        wcs.tally.count(answer.isBroken() ? wcs.phase() : phase, "stream ended", answer.name());
    }

    private boolean call(UUID id) {
        if (!decide("call", bodies.call(id, false, "PENDING"))) return failCall(id, false);
        event("CallStatusEvent", bodies.call(id, false, "RING"));
        event("CallStatusEvent", bodies.call(id, false, "ESTABLISHED"));
        stay();
        decide("hangup", bodies.call(id, false, "FINISH"));
        event("CallStatusEvent", bodies.call(id, false, "FINISH"));
        return true;
    }

    private boolean incoming(UUID id) {
        if (!decide("OnCallEvent", bodies.call(id, true, "PENDING"))) return failCall(id, true);
        event("CallStatusEvent", bodies.call(id, true, "RING"));
        if (decide("answer", bodies.call(id, true, "PENDING"))) stay();
        event("CallStatusEvent", bodies.call(id, true, "FINISH"));
        return true;
    }

    private boolean failCall(UUID id, boolean incoming) {
        event("CallStatusEvent", bodies.call(id, incoming, "FAILED"));
        return false;
    }

    /** Sends something now and then. */
    private boolean data(UUID first) {
        boolean isDone = false;
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(staysMs());
        for (UUID id = first; !wcs.isOver() && System.nanoTime() < end; id = UUID.randomUUID()) {
            boolean isSent = decide("OnDataEvent", bodies.data(id));
            event("DataStatusEvent", bodies.dataStatus(id, isSent ? "ACCEPTED" : "FAILED"));
            isDone |= isSent;
            wcs.pause(AGAIN_MS);
        }
        return isDone;
    }

    private void stay() {
        wcs.pause(staysMs());
    }

    private long staysMs() {
        return plan.stays() ? TO_THE_END_MS : SHORT_MS;
    }

    /** Asks the back-end, and does what this session's rules say of its answer. True if the operation goes on. */
    private boolean decide(String hook, String body) {
        if (rules.isOff(hook)) return true;
        String phase = wcs.phase();
        Hooks.Answer answer = post(hook, body, kind(hook));
        boolean goesOn = answer.isOk() || !rules.fails(hook);
        if (goesOn && plan.isStranger()) wcs.tally.count(phase, "stranger admitted", hook);
        if (answer.isOk() && rules.overwrites(hook) && !answer.text().contains("\"hidden-")) wcs.tally.count(phase, "name shown", hook);
        wcs.tally.count(phase, "operation", plan.standing(), goesOn ? "goes on" : "refused");
        return goesOn;
    }

    private void event(String hook, String body) {
        if (!rules.isOff(hook)) post(hook, body, "event");
    }

    private String kind(String hook) {
        String whose = hook.equals(KEEP_ALIVE) ? "keep-alive" : "operation";
        return whose + (rules.decides(hook) ? ", answer counts" : ", answer noted");
    }

    private Hooks.Answer post(String hook, String body, String kind) {
        String phase = wcs.phase();
        Hooks.Answer answer = wcs.hooks.post(hook, body);
        // What was cut off counts where it was, the rest where it began.
        wcs.tally.count(answer.isBroken() ? wcs.phase() : phase, "answer", kind, answer.name());
        if (answer.isOk() && !isOurs(answer.json())) wcs.tally.count(phase, "mixed up", hook);
        return answer;
    }

    /** A JSON object that names no session but this one. */
    private boolean isOurs(Map<String, Object> answer) {
        return answer != null && plan.sessionId().equals(answer.getOrDefault("sessionId", plan.sessionId()));
    }
}
