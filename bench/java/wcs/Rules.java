import java.util.Map;

/**
 * What the answer to `connect` makes WCS do with a hook's answer. What is missing or cannot be understood leaves the
 * defaults: LOG and NOTIFY.
 */
final class Rules {
    private final Map<?, ?> config;

    Rules(Map<String, Object> answer) {
        config = answer != null && answer.get("restClientConfig") instanceof Map<?, ?> map ? map : Map.of();
    }

    /** An answer other than 200 breaks the operation off. */
    boolean fails(String hook) {
        return "FAIL".equals(key(hook, "restOnError"));
    }

    /** The back-end is not called; older pages have the second spelling. */
    boolean isOff(String hook) {
        Object policy = key(hook, "restPolicy");
        return "DISABLE".equals(policy) || "DISABLED".equals(policy);
    }

    /** Fields are taken from the answer. */
    boolean overwrites(String hook) {
        return "OVERWRITE".equals(key(hook, "restPolicy"));
    }

    boolean decides(String hook) {
        return fails(hook) || overwrites(hook);
    }

    private Object key(String hook, String name) {
        return config.get(hook) instanceof Map<?, ?> rule ? rule.get(name) : null;
    }
}
