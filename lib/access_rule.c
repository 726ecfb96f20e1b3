/* access_rule: see access_rule.h. */
#include "access_rule.h"

/* What stands before the next comma, or between two marks: NULL, or what is
 * wrong. *rest is behind it, at a comma or at the end. */
static const char *
take_value(struct span *rest, struct span *value)
{
	size_t n;

	if (rest->n > 0 && rest->p[0] != ',' && !ascii_isalnum(rest->p[0])) {
		n = span_chr(span_skip(*rest, 1), rest->p[0]);
		if (n + 1 >= rest->n)
			return "has a value without its end";
		*value = span_make(rest->p + 1, n);
		*rest = span_skip(*rest, n + 2);
		return NULL;
	}
	n = span_chr(*rest, ',');
	*value = span_head(*rest, n);
	*rest = span_skip(*rest, n);
	return NULL;
}

/* NAME=VALUE at the start of *rest. */
static const char *
take_setting(struct span *rest, struct span *name, struct span *value)
{
	size_t n = span_chr(*rest, '=');
	const char *why;

	*name = span_trim(span_head(*rest, n));
	if (n == rest->n || name->n == 0 || span_chr(*name, ',') < name->n)
		return "is not NAME=\"VALUE\"";
	*rest = span_skip(*rest, n + 1);
	if ((why = take_value(rest, value)) != NULL)
		return why;
	if (rest->n > 0 && rest->p[0] != ',')
		return "has something behind a value that is no comma";
	*rest = span_skip(*rest, 1);
	return NULL;
}

const char *
access_rule_parse(struct span s, struct access_rule *r)
{
	struct span name, value;
	const char *why = NULL;
	size_t n;

	*r = (struct access_rule){0};
	s = span_trim(s);
	if (s.n == 0)
		return NULL;
	for (n = 0; n < s.n && s.p[n] != ',' && s.p[n] != '='; n++)
		;
	if (span_eq(span_head(s, n), SPAN("allow")) &&
	    (n == s.n || s.p[n] == ',')) {
		r->word = ACCESS_ALLOW;
		s = span_skip(s, n + 1);
	} else if (span_eq(span_head(s, n), SPAN("deny"))) {
		r->word = ACCESS_DENY;
		if (n < s.n && s.p[n] == '=')
			why = take_setting(&s, &name, &r->text);
		else
			s = span_skip(s, n + 1);
	} else {
		why = "begins neither with allow nor with deny";
	}
	r->settings = s;
	while (why == NULL && s.n > 0)
		why = take_setting(&s, &name, &value);
	return why;
}

bool
access_rule_next(struct span *settings, struct span *name, struct span *value)
{
	return settings->n > 0 &&
	    take_setting(settings, name, value) == NULL;
}

const char *
access_rule_reply(struct span text, struct buf *store, struct reply *r)
{
	struct buf copy = {0};
	const char *why;

	if (text.n == 0 || !ascii_isdigit(text.p[0]))
		buf_puts(&copy, "554 5.7.1 ");
	buf_put(&copy, text);
	why = reply_parse(buf_span(&copy), store, r);
	buf_free(&copy);
	if (why == NULL && r->code < 400)
		why = "has a code below 400";
	return why;
}
