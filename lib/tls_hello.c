/* tls_hello: see tls_hello.h. */
#include "tls_hello.h"

/* A vector whose length has size octets (RFC 5246 4.3). */
static bool
take(struct span *s, size_t size, struct span *out)
{
	size_t n = 0;

	if (s->n < size)
		return false;
	for (size_t i = 0; i < size; i++)
		n = n << 8 | (unsigned char)s->p[i];
	if (s->n - size < n)
		return false;
	*out = span_head(span_skip(*s, size), n);
	*s = span_skip(*s, size + n);
	return true;
}

static bool
take_number(struct span *s, unsigned *n)
{
	if (s->n < 2)
		return false;
	*n = (unsigned)(unsigned char)s->p[0] << 8 | (unsigned char)s->p[1];
	*s = span_skip(*s, 2);
	return true;
}

/* ServerNameList: the last host_name, which BearSSL takes, too. */
static bool
read_names(struct span value, struct span *name)
{
	struct span list, one;

	if (!take(&value, 2, &list) || value.n > 0)
		return false;
	while (list.n > 0) {
		char type = list.p[0];

		list = span_skip(list, 1);
		if (!take(&list, 2, &one))
			return false;
		if (type == 0 && one.n <= 255)
			*name = one;
	}
	return true;
}

bool
tls_hello_name(struct span rest, struct span *name)
{
	struct span suites, compressions, extensions, value;
	unsigned type;

	*name = span_make("", 0);
	if (!take(&rest, 2, &suites) || !take(&rest, 1, &compressions))
		return false;
	if (rest.n == 0)
		return true;
	if (!take(&rest, 2, &extensions) || rest.n > 0)
		return false;
	while (extensions.n > 0) {
		if (!take_number(&extensions, &type) ||
		    !take(&extensions, 2, &value))
			return false;
		if (type == 0 && !read_names(value, name))
			return false;
	}
	return true;
}

size_t
tls_hello_clean(struct span name, char out[TLS_NAME])
{
	size_t n = name.n;
	bool letter = false;

	if (n > 0 && name.p[n - 1] == '.')
		n--;
	if (n == 0 || n >= TLS_NAME)
		return 0;
	for (size_t i = 0; i < n; i++) {
		char c = ascii_lower(name.p[i]);

		/* Labels are not empty: no "..", no dot in front. */
		if (!ascii_isalnum(c) && c != '-' && c != '_' &&
		    (c != '.' || i == 0 || name.p[i - 1] == '.'))
			return 0;
		letter |= ascii_isalpha(c);
		out[i] = c;
	}
	out[n] = '\0';
	return letter ? n : 0;
}
