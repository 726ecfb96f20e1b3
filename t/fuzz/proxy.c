/* PROXY headers: any octets, read as the program reads them: never more than
 * are asked for, and the same in whatever pieces they come. */
#include "proxy.h"
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span s = {(const char *)data, size};
	struct proxy whole, p;
	const char *why = NULL;
	enum proxy_status all = proxy_parse(s, &whole, &why), status;
	size_t n = 0;

	while ((status = proxy_parse(span_head(s, n), &p, &why)) ==
		PROXY_MORE && p.length <= size) {
		if (p.length <= n || p.length > PROXY_HEAD)
			abort();
		n = p.length;
	}
	/* A whole buffer may hold an error that a part does not show yet. */
	if (status == PROXY_DONE && (all != PROXY_DONE ||
		whole.length != p.length || whole.what != p.what))
		abort();
	if (status == PROXY_DONE && p.length < n)
		abort();
	if (all == PROXY_BAD && why == NULL)
		abort();
	return 0;
}
