/* params: see params.h. */
#include "params.h"

bool
params_find(struct span params, struct span keyword, struct span *value)
{
	struct span word, key;

	while (span_word(&params, &word)) {
		span_cut(&word, '=', &key);
		if (!span_ieq(key, keyword))
			continue;
		if (value != NULL)
			*value = word.p != NULL ? word : span_of("");
		return true;
	}
	return false;
}
