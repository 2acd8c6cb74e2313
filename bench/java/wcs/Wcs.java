import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

/**
 * Behaves towards its back-end as WCS is documented to: what `restClientConfig` says of a hook decides what becomes of
 * an operation when the answer is not a 200.
 *
 *   java Wcs URL SESSIONS ARRIVE_MS KEEP_ALIVE_MS TIMEOUT_MS
 *
 * Says `ready`, then obeys its standard input: `phase NAME` begins a phase, `end` ends all sessions. SESSIONS clients
 * come evenly within ARRIVE_MS of the first phase. Prints at the end what it counted, as JSON.
 */
public final class Wcs {
    private static final long LAST_WORDS_MS = 8000;

    final Tally tally = new Tally();
    final Hooks hooks;
    private final long keepAliveMs;
    /** WCS sends hooks from worker threads, several at once. */
    private final ExecutorService workers = Executors.newCachedThreadPool();
    private final ScheduledExecutorService timer = Executors.newScheduledThreadPool(1);
    private final CountDownLatch end = new CountDownLatch(1);
    private volatile String phase = "";

    private Wcs(String[] words) {
        hooks = new Hooks(words[0], Integer.parseInt(words[4]), () -> tally.count(phase, "repeated by WCS"));
        keepAliveMs = Long.parseLong(words[3]);
    }

    public static void main(String[] words) throws Exception {
        Wcs wcs = new Wcs(words);
        System.out.println("ready");
        BufferedReader orders = new BufferedReader(new InputStreamReader(System.in));
        for (String order = orders.readLine(); order != null && !order.equals("end"); order = orders.readLine()) {
            boolean isFirst = wcs.phase.isEmpty();
            wcs.phase = order.replaceFirst("^phase ", "");
            if (isFirst) wcs.admit(Integer.parseInt(words[1]), Long.parseLong(words[2]));
        }
        wcs.close();
        System.out.println(wcs.tally.json());
        System.exit(0);
    }

    String phase() {
        return phase;
    }

    boolean isOver() {
        return end.getCount() == 0;
    }

    /** Waits, or until the end. */
    void pause(long ms) {
        try {
            end.await(ms, TimeUnit.MILLISECONDS);
        } catch (InterruptedException ended) {
            Thread.currentThread().interrupt();
        }
    }

    /** Streams begin at any time, so their keep-alives do not go out all at once. */
    Future<?> repeat(Runnable keepAlive) {
        long first = ThreadLocalRandom.current().nextLong(keepAliveMs);
        Runnable send = () -> {
            if (!isOver()) workers.execute(keepAlive);
        };
        return timer.scheduleAtFixedRate(send, first, keepAliveMs, TimeUnit.MILLISECONDS);
    }

    private void admit(int sessions, long withinMs) {
        for (int number = 0; number < sessions; number++) {
            Session session = new Session(this, Plan.of(number));
            timer.schedule(() -> workers.execute(session), number * withinMs / sessions, TimeUnit.MILLISECONDS);
        }
    }

    private void close() throws InterruptedException {
        end.countDown();
        timer.shutdown();
        workers.shutdown();
        if (!workers.awaitTermination(LAST_WORDS_MS, TimeUnit.MILLISECONDS)) tally.count(phase, "never ended");
    }
}
