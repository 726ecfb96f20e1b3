/* service_clamd: clamd's INSTREAM (clamd(8)), with the 'z' that ends command
 * and answer with a NUL. */
#include "service.h"

void
service_clamd_ask(struct service_request *r)
{
	buf_put(&r->head, SPAN("zINSTREAM\0"));
	r->in_chunks = true;
}

/* "stream: OK", "stream: NAME FOUND", "... ERROR" */
const char *
service_clamd_result(struct span line, struct span *virus)
{
	static const struct span prefix = SPAN_LIT("stream: ");
	static const struct span found = SPAN_LIT(" FOUND");

	*virus = span_make(NULL, 0);
	if (!http_value_valid(line))
		return "not clamd";
	if (span_eq(line, SPAN("stream: OK")))
		return NULL;
	if (span_istarts(line, prefix) && span_iends(line, found) &&
	    line.n > prefix.n + found.n) {
		*virus = span_make(line.p + prefix.n,
		    line.n - prefix.n - found.n);
		return NULL;
	}
	return span_iends(line, SPAN(" ERROR")) ? "clamd has failed" :
						  "not clamd";
}
