/* sasl: see sasl.h. */
#include "sasl.h"

bool
sasl_is_password(struct span text)
{
	return span_chr(text, '\0') == text.n;
}

bool
sasl_is_user(struct span text)
{
	return text.n > 0 && sasl_is_password(text);
}

bool
sasl_parse_plain(struct span text, struct span *authzid, struct span *user,
    struct span *password)
{
	if (!span_cut(&text, '\0', authzid) || text.p == NULL ||
	    !span_cut(&text, '\0', user) || text.p == NULL || user->n == 0)
		return false;
	*password = text;
	return sasl_is_password(text);
}

bool
sasl_parse_cram(struct span text, struct span *user, struct span *response)
{
	size_t blank = span_rchr(text, ' ');

	*user = span_head(text, blank);
	*response = span_skip(text, blank + 1);
	return sasl_is_user(*user) && response->n == SASL_CRAM_RESPONSE &&
	    sasl_is_password(*response);
}
