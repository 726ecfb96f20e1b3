/* parameter: see parameter.h. */
#include "parameter.h"

static bool
keyword_valid(struct span k)
{
	for (size_t i = 0; i < k.n; i++)
		if (!ascii_isalnum(k.p[i]) && (k.p[i] != '-' || i == 0))
			return false;
	return k.n > 0;
}

/* esmtp-value: printable, no "=" and no blanks; UTF-8 since RFC 6531. */
static bool
value_valid(struct span v)
{
	for (size_t i = 0; i < v.n; i++)
		if ((unsigned char)v.p[i] <= ' ' || v.p[i] == 0x7f ||
		    v.p[i] == '=')
			return false;
	return true;
}

static const struct parameter *
find(const struct parameter *table, struct span keyword)
{
	for (; table->keyword.p != NULL; table++)
		if (span_ieq(table->keyword, keyword))
			return table;
	return NULL;
}

struct reply
parameter_parse(struct session *s, const struct parameter *table,
    struct span text)
{
	struct span word, keyword, value;

	if (text.n > 0 && text.p[0] != ' ' && text.p[0] != '\t')
		return REPLY(501, "5.5.4", "Text behind the address");
	while (span_word(&text, &word)) {
		const struct parameter *p;
		struct reply r;

		value = word;
		span_cut(&value, '=', &keyword);
		if (value.p == NULL)
			value = span_of("");
		if (!keyword_valid(keyword) || !value_valid(value))
			return session_replyf(s, 501, "5.5.4",
			    "Bad parameter: %.*s",
			    SPAN_ARG(span_head(word, 64)));
		if ((p = find(table, keyword)) == NULL)
			return session_replyf(s, 555, "5.5.4",
			    "Parameter not known: %.*s",
			    SPAN_ARG(span_head(keyword, 64)));
		r = p->parse(s, value);
		if (r.code != 0)
			return r;
	}
	return REPLY_NONE;
}
