/* sender: see sender.h. */
#include "sender.h"
#include "auth.h"
#include "escape.h"
#include <errno.h>

struct reply
sender_admit(const struct session *s)
{
	if (!s->controls.submission || s->auth_user.p != NULL)
		return REPLY_NONE;
	if (!auth_allowed(s))
		return REPLY(530, "5.7.0", "Say STARTTLS and AUTH first");
	return REPLY(530, "5.7.0", "Authentication is required");
}

/* "login,login": is it one of them, or is any? */
static bool
has_login(struct span logins, struct span login)
{
	struct span item, word;

	while (span_cut(&logins, ',', &item))
		while (span_word(&item, &word))
			if (span_eq(word, login) || span_eq(word, SPAN("*")))
				return true;
	return false;
}

static bool
in_map(const struct control_list *map, struct span key, struct span login)
{
	for (size_t i = 0; i < map->n; i++) {
		struct span value = map->v[i], name;

		span_cut(&value, ':', &name);
		if (span_ieq(span_trim(name), key) && value.p != NULL &&
		    has_login(value, login))
			return true;
	}
	return false;
}

static struct span
lower(struct arena *a, struct span s)
{
	char *p = arena_alloc(a, s.n + 1);

	for (size_t i = 0; i < s.n; i++)
		p[i] = ascii_lower(s.p[i]);
	return span_make(p, s.n);
}

/* Every entry that names the address, its domain, or all. 1, 0, -1. */
static int
is_listed(struct session *s, const struct address *sender)
{
	struct arena *a = &s->scratch;
	struct span keys[3] = {lower(a, sender->text),
	    arena_printf(a, "@%.*s", SPAN_ARG(sender->domain)), SPAN("*")};

	for (size_t i = 0; i < 3; i++) {
		struct span logins;
		int r;

		if (in_map(&s->controls.senderlogin, keys[i], s->auth_user))
			return 1;
		r = cdbmap_find(&s->senderlogin, keys[i], a, &logins);
		if (r == -1)
			return -1;
		if (r == 1 && has_login(logins, s->auth_user))
			return 1;
	}
	return 0;
}

int
sender_allowed(struct session *s, const struct address *sender)
{
	struct address self;
	int there;

	if (s->auth_user.p == NULL)
		return 1;
	there = cdbmap_open(&s->senderlogin);
	if (there == -1)
		return -1;
	if (there == 0 && !s->controls.senderlogin.set)
		return 1;
	if (address_parse(s->auth_user, &s->scratch, &self) == NULL &&
	    span_eq(self.text, sender->text))
		return 1;
	return is_listed(s, sender);
}

struct reply
sender_check(struct session *s, const struct address *sender)
{
	int allowed = sender->text.n == 0 ? 1 : sender_allowed(s, sender);

	if (allowed == -1)
		return session_trouble(s, s->senderlogin.path);
	if (allowed == 0)
		return session_replyf(s, 553, "5.7.1",
		    "You may not send as <%.*s>", SPAN_ARG(sender->text));
	return REPLY_NONE;
}

struct reply
sender_parse_auth(struct session *s, struct span value)
{
	struct address addr;
	struct span text;

	if (span_eq(value, SPAN("<>")) || (value.n > 0 &&
	    value.n <= 3 * ADDRESS_MAX &&
	    escape_undo_mark('+', value, &s->scratch, &text) == 0 &&
	    address_parse(text, &s->scratch, &addr) == NULL))
		return REPLY_NONE;
	return session_replyf(s, 501, "5.5.4", "Bad AUTH: %.*s",
	    SPAN_ARG(span_head(value, 64)));
}

struct span
sender_params(const struct session *s, struct span params, struct arena *a)
{
	bool trusted = s->relay_client || s->auth_user.p != NULL;
	struct span rest = params, word, key = SPAN("AUTH=");
	struct buf b = {0};

	while (span_word(&rest, &word)) {
		if (b.n > 0)
			buf_putc(&b, ' ');
		if (!trusted && span_istarts(word, key))
			buf_puts(&b, "AUTH=<>");
		else
			buf_put(&b, word);
	}
	word = arena_dup(a, buf_span(&b));
	buf_free(&b);
	return word;
}
