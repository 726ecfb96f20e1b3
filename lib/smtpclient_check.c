/* smtpclient_check: what no server need be asked. See smtpclient_wire.h. */
#include "smtpclient_wire.h"
#include "address.h"

/*
 * Outside of quotes no blank and no bracket, and no quote without its end:
 * what stands between "<" and ">" is one path (RFC 5321 4.1.2).
 */
bool
smtpclient_address_valid(struct span s)
{
	bool quoted = false;

	if (s.n > ADDRESS_MAX)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if ((unsigned char)c < 0x20 || c == 0x7f)
			return false;
		if (c == '\\') {
			/* The next is itself: printable, or none of ours. */
			if (!quoted || ++i == s.n ||
			    (unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f)
				return false;
		} else if (c == '"') {
			quoted = !quoted;
		} else if (!quoted && (c == ' ' || c == '<' || c == '>')) {
			return false;
		}
	}
	return !quoted;
}

static bool
is_ascii(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] >= 0x80)
			return false;
	return true;
}

static struct smtpclient_result
refusal(enum smtpclient_stage stage, int code, const char *enhanced,
    const char *text)
{
	return smtpclient_ours(SMTPCLIENT_PERMANENT, stage, code, enhanced,
	    text);
}

/* What is wrong for every recipient; code 0: nothing. */
static struct smtpclient_result
check_mail(const struct smtpclient *c, const struct smtpclient_mail *m,
    bool utf8)
{
	if (!smtpclient_address_valid(m->sender))
		return refusal(SMTPCLIENT_MAIL, 553, "5.1.7",
		    "the sender cannot be said in SMTP");
	/* RFC 6531 3.5 */
	if (utf8 && (c->extensions & SMTPCLIENT_SMTPUTF8) == 0)
		return refusal(SMTPCLIENT_MAIL, 553, "5.6.7",
		    "the next host does not take SMTPUTF8");
	/* RFC 1870 6.1: no need to try. */
	if (c->size_max > 0 && m->size > 0 && (uint64_t)m->size > c->size_max)
		return refusal(SMTPCLIENT_MAIL, 552, "5.3.4",
		    "too large for the next host");
	return (struct smtpclient_result){0};
}

static struct smtpclient_result
check_recipient(const struct smtpclient *c, struct span rcpt)
{
	if (rcpt.n == 0 || !smtpclient_address_valid(rcpt))
		return refusal(SMTPCLIENT_RCPT, 553, "5.1.3",
		    "the recipient cannot be said in SMTP");
	if (!is_ascii(rcpt) && (c->extensions & SMTPCLIENT_SMTPUTF8) == 0)
		return refusal(SMTPCLIENT_RCPT, 553, "5.6.7",
		    "the next host does not take SMTPUTF8");
	return (struct smtpclient_result){0};
}

size_t
smtpclient_check(const struct smtpclient *c,
    const struct smtpclient_mail *mail, struct smtpclient_result *results,
    bool *utf8)
{
	struct smtpclient_result whole;
	size_t n = 0;

	*utf8 = mail->utf8 || !is_ascii(mail->sender);
	whole = check_mail(c, mail, *utf8);
	for (size_t i = 0; i < mail->nrecipients; i++) {
		struct span rcpt = mail->recipients[i];

		results[i] = whole;
		if (whole.reply.code == 0)
			results[i] = check_recipient(c, rcpt);
		if (results[i].reply.code == 0) {
			n++;
			*utf8 |= !is_ascii(rcpt);
		}
	}
	return n;
}
