import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;

/** Counts by what they count, words apart by `|`; the first word is the phase, by when it began. */
final class Tally {
    private final Map<String, AtomicInteger> counts = new ConcurrentSkipListMap<>();

    void count(String... words) {
        counts.computeIfAbsent(String.join("|", words), key -> new AtomicInteger()).incrementAndGet();
    }

    String json() {
        return counts.entrySet().stream()
            .map(each -> Json.quote(each.getKey()) + ":" + each.getValue())
            .collect(Collectors.joining(",", "{", "}"));
    }
}
