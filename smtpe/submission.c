/* submission: see submission.h. */
#include "submission.h"
#include "log.h"
#include "mailboxes.h"
#include "sender.h"

/* One address of From or Sender. */
static struct reply
check_address(struct session *s, const char *name, const struct address *addr)
{
	int allowed = sender_allowed(s, addr);

	if (allowed == -1)
		return session_trouble(s, s->senderlogin.path);
	if (allowed == 0)
		return session_replyf(s, 550, "5.7.1",
		    "%s: <%.*s> is not yours", name, SPAN_ARG(addr->text));
	return REPLY_NONE;
}

/* All of them: one that is somebody else's is not hidden by one's own. */
static struct reply
check_field(struct session *s, const char *name, struct span value)
{
	struct mailboxes m = {value, false};
	struct address addr;
	struct reply r;
	int found, n = 0;

	while ((found = mailboxes_next(&m, &s->scratch, &addr)) == 1) {
		n++;
		if ((r = check_address(s, name, &addr)).code != 0)
			return r;
	}
	if (found == -1 || n == 0)
		return session_replyf(s, 550, "5.7.1",
		    "%s: no addresses that can be checked", name);
	return REPLY_NONE;
}

/* Each field of that name; one of them would be the one that is shown. */
static struct reply
check_fields(struct session *s, struct span header, const char *name,
    unsigned *count)
{
	struct reply r = REPLY_NONE;
	struct span value;

	*count = 0;
	while (r.code == 0 && edits_find(&s->tx.edits, header, span_of(name),
	    *count + 1, &value)) {
		++*count;
		r = check_field(s, name, value);
	}
	return r;
}

/* Only where there is something to hold it against. */
static struct reply
check_author(struct session *s, struct span header)
{
	int table = cdbmap_open(&s->senderlogin);
	unsigned n;
	struct reply r;

	if (table == -1)
		return session_trouble(s, s->senderlogin.path);
	if (table == 0 && !s->controls.senderlogin.set)
		return REPLY_NONE;
	r = check_fields(s, header, "From", &n);
	/* RFC 5322 3.6: exactly one. */
	if (r.code == 0 && n != 1)
		return REPLY(550, "5.7.1", "There is not one From field");
	if (r.code == 0)
		r = check_fields(s, header, "Sender", &n);
	if (r.code == 0 && n > 1)
		return REPLY(550, "5.7.1", "There is more than one Sender");
	return r;
}

/* RFC 6409 8.2, 8.3. */
static const char *
add_missing(struct session *s, struct span header)
{
	struct edits *e = &s->tx.edits;
	const char *why = NULL;
	char date[CLOCK_RFC5322];
	struct span value;

	if (!edits_find(e, header, SPAN("Message-Id"), 1, &value))
		why = edits_add(e, EDIT_PREPEND, SPAN("Message-Id"),
		    arena_printf(&s->scratch, "<%s@%.*s>", s->tx.id,
		    SPAN_ARG(s->controls.me)));
	if (why == NULL && !edits_find(e, header, SPAN("Date"), 1, &value))
		why = edits_add(e, EDIT_PREPEND, SPAN("Date"),
		    span_of(clock_format_rfc5322(clock_wall(), date)));
	return why;
}

struct reply
submission_check(struct session *s)
{
	struct span header;
	const char *why;
	struct reply r;

	if (!s->controls.submission)
		return REPLY_NONE;
	if (!s->facts.header(s, &header))
		return session_trouble(s, "header");
	r = check_author(s, header);
	if (r.code != 0)
		return r;
	if ((why = add_missing(s, header)) == NULL)
		return REPLY_NONE;
	/* The script has made as many changes as there may be. */
	log_warn("trouble", "submission: %s", why);
	return REPLY(451, "4.3.0", "Local trouble, try again later");
}
