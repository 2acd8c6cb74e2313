import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.ConnectException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.apache.http.Header;
import org.apache.http.client.config.RequestConfig;
import org.apache.http.client.methods.CloseableHttpResponse;
import org.apache.http.client.methods.HttpPost;
import org.apache.http.entity.ContentType;
import org.apache.http.entity.StringEntity;
import org.apache.http.impl.client.CloseableHttpClient;
import org.apache.http.impl.client.DefaultHttpRequestRetryHandler;
import org.apache.http.impl.client.HttpClients;
import org.apache.http.impl.conn.PoolingHttpClientConnectionManager;
import org.apache.http.protocol.HttpContext;
import org.apache.http.util.EntityUtils;

/**
 * Sends hooks as WCS does: it waits `rest_request_timeout`, and what breaks without an answer goes out again at once, up
 * to three times, with the same bytes (`rest_client_request_retry_count`, `rest_client_request_sent_retry_enabled`).
 */
final class Hooks {
    private static final int REPEATS = 3;

    /** What WCS got: a status, or 0 and what happened instead. `from` is the first word of `Breakwater-Answer`. */
    record Answer(int status, String from, String text) {
        boolean isOk() {
            return status == 200;
        }

        /** No gateway was there, or it went away without an answer. */
        boolean isBroken() {
            return status == 0 && !from.equals("timeout");
        }

        String name() {
            return status == 0 ? from : from + " " + status;
        }

        Map<String, Object> json() {
            return Json.object(text);
        }
    }

    private final String url;
    private final CloseableHttpClient client;

    Hooks(String url, int timeoutMs, Runnable onRepeat) {
        this.url = url;
        PoolingHttpClientConnectionManager pool = new PoolingHttpClientConnectionManager();
        pool.setMaxTotal(2000);
        pool.setDefaultMaxPerRoute(2000);
        RequestConfig config = RequestConfig.custom()
            .setConnectTimeout(timeoutMs)
            .setSocketTimeout(timeoutMs)
            .build();
        client = HttpClients.custom()
            .setConnectionManager(pool)
            .setDefaultRequestConfig(config)
            .setRetryHandler(repeatBroken(onRepeat))
            .disableContentCompression()
            .disableCookieManagement()
            .disableRedirectHandling()
            .build();
    }

    private static DefaultHttpRequestRetryHandler repeatBroken(Runnable onRepeat) {
        return new DefaultHttpRequestRetryHandler(REPEATS, true) {
            @Override
            public boolean retryRequest(IOException exception, int count, HttpContext context) {
                boolean repeats = super.retryRequest(exception, count, context);
                if (repeats) onRepeat.run();
                return repeats;
            }
        };
    }

    Answer post(String hook, String body) {
        HttpPost post = new HttpPost(url + "/" + hook);
        post.setHeader("Accept", "application/json, application/*+json");
        post.setEntity(new StringEntity(body, ContentType.create("application/json", StandardCharsets.UTF_8)));
        try (CloseableHttpResponse response = client.execute(post)) {
            String text = EntityUtils.toString(response.getEntity(), StandardCharsets.UTF_8);
            return new Answer(response.getStatusLine().getStatusCode(), source(response), text);
        } catch (IOException exception) {
            return new Answer(0, problem(exception), "");
        }
    }

    private static String source(CloseableHttpResponse response) {
        Header note = response.getFirstHeader("Breakwater-Answer");
        return note == null ? "unmarked" : note.getValue().split(";")[0];
    }

    private static String problem(IOException exception) {
        if (exception instanceof ConnectException) return "nobody listens";
        return exception instanceof InterruptedIOException ? "timeout" : "broken";
    }
}
