/* auth_scram: see auth_scram.h. */
#include "auth_scram.h"
#include "scram.h"

/* A line of it for smtpe-checkpw. */
static bool
is_message(struct span text)
{
	return text.n > 0 && text.n <= SCRAM_MESSAGE_MAX &&
	    scram_is_text(text);
}

/* The client's first message; nobody is asked about one that is none. */
static struct reply
take_first(struct session *s, struct dialogue *d, struct span *text)
{
	struct scram_first f;
	struct reply r = dialogue_ask(s, d, SPAN(""), text);

	if (r.code != 0 || s->ending != GOES_ON)
		return r;
	if (!is_message(*text) ||
	    scram_parse_first(*text, &s->scratch, &f) != NULL)
		return REPLY(501, "5.5.2", "Not a SCRAM message");
	d->user = f.user;
	d->authzid = f.authzid;
	return REPLY_NONE;
}

/* Says the client's text, and the answer is the next challenge, whose answer
 * goes to *text. */
static struct reply
exchange(struct session *s, struct dialogue *d, struct auth_scram *c,
    struct span *text, enum auth_result *result)
{
	struct span answer;

	*result = auth_scram_say(s, c, *text, &answer);
	if (*result != AUTH_YES)
		return REPLY_NONE;
	return dialogue_ask(s, d, dialogue_encode(s, answer), text);
}

/* RFC 4954 4: what the server says last is a challenge, too, and its answer
 * is empty. */
static struct reply
converse(struct session *s, struct dialogue *d, struct auth_scram *c,
    struct span text, enum auth_result *result)
{
	struct reply r = exchange(s, d, c, &text, result);

	if (*result != AUTH_YES || r.code != 0 || s->ending != GOES_ON)
		return r;
	if (!is_message(text))
		return REPLY(501, "5.5.2", "Not a SCRAM message");
	r = exchange(s, d, c, &text, result);
	if (*result != AUTH_YES || r.code != 0 || s->ending != GOES_ON)
		return r;
	if (text.n > 0)
		return REPLY(501, "5.5.2", "Nothing was asked");
	*result = auth_scram_close(s, c, false);
	return REPLY_NONE;
}

struct reply
auth_scram(struct session *s, struct dialogue *d, enum auth_result *result)
{
	struct auth_scram c;
	struct span text;
	struct reply r = take_first(s, d, &text);

	*result = AUTH_LATER;
	if (r.code != 0 || s->ending != GOES_ON ||
	    auth_scram_open(s, &c) == -1)
		return r;
	r = converse(s, d, &c, text, result);
	/* A client that gave up, or is gone. */
	auth_scram_close(s, &c, true);
	return r;
}
