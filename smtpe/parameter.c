/* parameter: see parameter.h. */
#include "parameter.h"
#include "command.h"

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
find(const struct session *s, const struct parameter *table,
    struct span keyword)
{
	while (table->keyword.p != NULL && !span_ieq(table->keyword, keyword))
		table++;
	if (table->keyword.p == NULL || (table->extension.p != NULL &&
	    !cmd_ehlo_offers(s, table->extension)))
		return NULL;
	return table;
}

struct reply
parameter_parse(struct session *s, const struct parameter *table,
    struct span text)
{
	struct span word, keyword, value;
	uint32_t seen = 0;

	if (text.n > 0 && text.p[0] != ' ' && text.p[0] != '\t')
		return REPLY(501, "5.5.4", "Text behind the address");
	while (span_word(&text, &word)) {
		const struct parameter *p;
		struct reply r;

		value = word;
		span_cut(&value, '=', &keyword);
		if (!keyword_valid(keyword) || !value_valid(value) ||
		    (value.p != NULL && value.n == 0))
			return session_replyf(s, 501, "5.5.4",
			    "Bad parameter: %.*s",
			    SPAN_ARG(span_head(word, 64)));
		if (value.p == NULL)
			value = span_of("");
		if ((p = find(s, table, keyword)) == NULL)
			return session_replyf(s, 555, "5.5.4",
			    "Parameter not known: %.*s",
			    SPAN_ARG(span_head(keyword, 64)));
		if ((seen & 1u << (p - table)) != 0)
			return session_replyf(s, 501, "5.5.4",
			    "Parameter twice: %.*s",
			    SPAN_ARG(p->keyword));
		seen |= 1u << (p - table);
		r = p->parse(s, value);
		if (r.code != 0)
			return r;
	}
	return REPLY_NONE;
}

struct reply
parameter_checked(struct session *s, const char *keyword, const char *wrong)
{
	if (wrong == NULL)
		return REPLY_NONE;
	return session_replyf(s, 501, "5.5.4", "Bad %s: %s", keyword, wrong);
}
