import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Reads JSON into maps, lists, strings, doubles and booleans; for answers of a back-end, which are small and sound. */
final class Json {
    private final String text;
    private int at;

    private Json(String text) {
        this.text = text;
    }

    /** The object that `text` is; nothing for anything else. */
    @SuppressWarnings("unchecked")
    static Map<String, Object> object(String text) {
        try {
            Json json = new Json(text);
            Object value = json.value();
            json.skip();
            return json.at == text.length() && value instanceof Map ? (Map<String, Object>) value : null;
        } catch (RuntimeException notJson) {
            return null;
        }
    }

    /** A string as JSON writes it. Control characters do not come. */
    static String quote(String text) {
        return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }

    private Object value() {
        skip();
        switch (text.charAt(at)) {
            case '{': return members();
            case '[': return items();
            case '"': return string();
            case 't': return word("true", true);
            case 'f': return word("false", false);
            case 'n': return word("null", null);
            default: return number();
        }
    }

    private Map<String, Object> members() {
        Map<String, Object> members = new LinkedHashMap<>();
        at++;
        for (skip(); text.charAt(at) != '}'; comma('}')) {
            skip();
            String name = string();
            skip();
            if (text.charAt(at++) != ':') throw new IllegalArgumentException();
            members.put(name, value());
        }
        at++;
        return members;
    }

    private List<Object> items() {
        List<Object> items = new ArrayList<>();
        at++;
        for (skip(); text.charAt(at) != ']'; comma(']')) items.add(value());
        at++;
        return items;
    }

    private void comma(char end) {
        skip();
        if (text.charAt(at) == ',') at++;
        else if (text.charAt(at) != end) throw new IllegalArgumentException();
    }

    private String string() {
        StringBuilder string = new StringBuilder();
        if (text.charAt(at++) != '"') throw new IllegalArgumentException();
        for (char c = text.charAt(at++); c != '"'; c = text.charAt(at++)) string.append(c == '\\' ? escaped() : c);
        return string.toString();
    }

    private char escaped() {
        char c = text.charAt(at++);
        if (c == 'u') return (char) Integer.parseInt(text.substring(at, at += 4), 16);
        int known = "bfnrt".indexOf(c);
        return known < 0 ? c : "\b\f\n\r\t".charAt(known);
    }

    private Object word(String word, Object value) {
        if (!text.startsWith(word, at)) throw new IllegalArgumentException();
        at += word.length();
        return value;
    }

    private Double number() {
        int from = at;
        while (at < text.length() && "+-.eE0123456789".indexOf(text.charAt(at)) >= 0) at++;
        return Double.valueOf(text.substring(from, at));
    }

    private void skip() {
        while (at < text.length() && text.charAt(at) <= ' ') at++;
    }
}
