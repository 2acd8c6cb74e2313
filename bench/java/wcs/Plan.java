/**
 * Who the client of a session is and what it wants, by the session's number. Its token tells the back-end whether it
 * may: `member-RULES-…` may, `stranger-connect-…` not even connect, `stranger-start-…` connect but start nothing. A
 * stranger has the login of a member, and differs in the token alone.
 */
record Plan(int number, boolean isStranger, boolean mayConnect, String token, String login, String wish, boolean stays) {
    /** Which `restClientConfig` the back-end gives a member. */
    private static final String[] RULES = {
        "none", "failStart", "failKeepAlive", "failAll", "overwrite", "disable", "malformed", "failKeepAlive"
    };
    private static final String[] WISHES = {"publish", "play", "publish", "play", "call", "publish", "data", "play", "incoming"};
    /** All but sending data, which few back-ends forbid. */
    private static final int STRANGER_WISHES = 6;
    /** One in so many is one. */
    private static final int STRANGERS = 10;
    private static final int REGULARS = 56;
    private static final int REGULAR_STRANGERS = 4;

    static Plan of(int number) {
        int turn = number / STRANGERS;
        if (number % STRANGERS == 3) return stranger(number, turn);
        // Who comes again gets what he got before; who is new has never been heard of.
        boolean isNew = number % 5 == 1;
        String caller = isNew ? "new" + number : "regular" + number % REGULARS;
        String token = "member-" + RULES[number % RULES.length] + "-" + caller;
        return new Plan(number, false, true, token, "login" + number % REGULARS, WISHES[number % WISHES.length], number % 3 != 0);
    }

    private static Plan stranger(int number, int turn) {
        boolean mayConnect = turn % 2 == 0;
        boolean isNew = turn % 3 == 0;
        String token = (mayConnect ? "stranger-start-" : "stranger-connect-")
            + (isNew ? "new" + number : "regular" + turn % REGULAR_STRANGERS);
        String login = "login" + (isNew ? number % REGULARS : turn % REGULAR_STRANGERS);
        return new Plan(number, true, mayConnect, token, login, WISHES[turn % STRANGER_WISHES], true);
    }

    String standing() {
        return isStranger ? "stranger" : "honest";
    }

    /** A client keeps its address, and comes from another port each time. */
    String sessionId() {
        int host = Math.floorMod(token.hashCode(), 60_000);
        return "/10.0." + host / 250 + "." + (host % 250 + 1) + ":" + (20_000 + number) + "/192.168.1.101:8443";
    }
}
