import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.http.HttpConnection;
import org.apache.http.HttpInetConnection;
import org.apache.http.client.methods.CloseableHttpResponse;
import org.apache.http.client.methods.HttpPost;
import org.apache.http.client.protocol.HttpClientContext;
import org.apache.http.entity.ContentType;
import org.apache.http.entity.StringEntity;
import org.apache.http.impl.client.CloseableHttpClient;
import org.apache.http.impl.client.HttpClients;
import org.apache.http.impl.conn.PoolingHttpClientConnectionManager;
import org.apache.http.util.EntityUtils;

/**
 * A pooled keep-alive client, as WCS is one: bursts of calls with idle gaps between them.
 *
 *   java PooledClient.java URL CONNECTIONS CALLS GAP_SECONDS...
 *
 * It neither looks at an idle connection before it uses it nor repeats anything, so that a connection which the
 * server closed meanwhile shows as the exception that it is. Prints what happened as JSON.
 */
public final class PooledClient {
    private final String url;
    private final CloseableHttpClient client;
    private final AtomicInteger serial = new AtomicInteger();
    private final AtomicInteger answered = new AtomicInteger();
    private final AtomicInteger exceptions = new AtomicInteger();
    private final AtomicInteger wantedRetries = new AtomicInteger();
    private final Set<Integer> localPorts = ConcurrentHashMap.newKeySet();
    private final Set<String> kinds = ConcurrentHashMap.newKeySet();

    private PooledClient(String url, int connections) {
        this.url = url;
        PoolingHttpClientConnectionManager pool = new PoolingHttpClientConnectionManager();
        pool.setMaxTotal(connections);
        pool.setDefaultMaxPerRoute(connections);
        pool.setValidateAfterInactivity(-1);
        client = HttpClients.custom()
            .setConnectionManager(pool)
            .setRetryHandler((exception, count, context) -> {
                wantedRetries.incrementAndGet();
                return false;
            })
            .build();
    }

    public static void main(String[] words) throws Exception {
        int connections = Integer.parseInt(words[1]);
        int calls = Integer.parseInt(words[2]);
        PooledClient client = new PooledClient(words[0], connections);
        ExecutorService threads = Executors.newFixedThreadPool(connections);
        client.burst(threads, connections, calls);
        for (int i = 3; i < words.length; i++) {
            Thread.sleep(Long.parseLong(words[i]) * 1000);
            client.burst(threads, connections, calls);
        }
        threads.shutdown();
        client.client.close();
        System.out.println(client.report());
    }

    private void burst(ExecutorService threads, int connections, int calls) throws Exception {
        List<Callable<Void>> work = new ArrayList<>();
        for (int i = 0; i < connections; i++) work.add(() -> callMany(calls));
        for (Future<Void> each : threads.invokeAll(work)) each.get();
    }

    private Void callMany(int calls) {
        for (int i = 0; i < calls; i++) {
            try {
                call();
            } catch (Exception exception) {
                exceptions.incrementAndGet();
                kinds.add(exception.getClass().getSimpleName());
            }
        }
        return null;
    }

    private void call() throws Exception {
        HttpPost post = new HttpPost(url);
        String body = "{\"appKey\":\"EchoApp\",\"sessionId\":\"/127.0.0.1:1/127.0.0.1:2-" + serial.incrementAndGet() + "\"}";
        post.setEntity(new StringEntity(body, ContentType.APPLICATION_JSON));
        HttpClientContext context = HttpClientContext.create();
        try (CloseableHttpResponse response = client.execute(post, context)) {
            HttpConnection connection = context.getConnection();
            if (connection instanceof HttpInetConnection) localPorts.add(((HttpInetConnection) connection).getLocalPort());
            String text = EntityUtils.toString(response.getEntity());
            if (response.getStatusLine().getStatusCode() == 200 && text.equals(body)) answered.incrementAndGet();
        }
    }

    private String report() {
        return String.format(
            "{\"calls\":%d,\"answered\":%d,\"exceptions\":%d,\"wantedRetries\":%d,\"connections\":%d,\"kinds\":\"%s\"}",
            serial.get(), answered.get(), exceptions.get(), wantedRetries.get(), localPorts.size(), String.join(", ", kinds));
    }
}
