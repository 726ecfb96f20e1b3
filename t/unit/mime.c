/* mime: parts, their fields and their contents, of mail good and broken. */
#include "tap.h"
#include "mime.h"

static struct arena arena;
static struct mime m;

static const struct mime_part *
parse(const char *text)
{
	arena_reset(&arena);
	mime_parse(span_of(text), &arena, &m);
	return m.v;
}

/* "1 0 text/plain [content]" for each: number's parent, depth, type. */
static const char *
outline(const char *text)
{
	static struct buf out;

	parse(text);
	buf_reset(&out);
	for (size_t i = 0; i < m.n; i++) {
		const struct mime_part *p = &m.v[i];

		buf_printf(&out, "%zu%s%.*s", p->parent,
		    p->broken ? "!" : " ", SPAN_ARG(p->type));
		if (!p->multipart) {
			buf_putc(&out, '[');
			mime_content(p, &out);
			buf_putc(&out, ']');
		}
		buf_putc(&out, ' ');
	}
	return buf_cstr(&out);
}

#define MIXED "Content-Type: multipart/mixed; boundary=b\r\n\r\n"

static void
parts(void)
{
	is_str(outline("Subject: x\r\n\r\nbody\r\n"),
	    "0 text/plain[body\r\n] ", "a message without MIME");
	is_str(outline(""), "0 text/plain[] ", "nothing");
	is_str(outline("\r\nbody"), "0 text/plain[body] ", "no header");
	is_str(outline(MIXED "pre\r\n--b\r\n\r\none\r\n--b\r\n"
			     "Content-Type: Text/HTML\r\n\r\ntwo\r\n\r\n"
			     "--b--\r\nafter\r\n"),
	    "0 multipart/mixed 1 text/plain[one] 1 text/html[two\r\n] ",
	    "two parts, without what is around them");
	is_str(outline(MIXED "--b\r\n\r\none\r\n--bb\r\n--b \t\r\n\r\n2"),
	    "0!multipart/mixed 1 text/plain[one\r\n--bb] 1 text/plain[2] ",
	    "a boundary is a whole line; no end");
	is_str(outline(MIXED "--b\r\n--b--\r\n"),
	    "0 multipart/mixed 1 text/plain[] ", "an empty part");
	is_str(outline(MIXED "nothing\r\n"),
	    "0!multipart/mixed[nothing\r\n] ", "no parts");
	is_str(outline("Content-Type: multipart/mixed\r\n\r\n--b\r\n"),
	    "0!multipart/mixed[--b\r\n] ", "no boundary");
	is_str(outline(MIXED "--b\r\nContent-Type: multipart/x; boundary=bc"
			     "\r\n\r\n--bc\r\n\r\nin\r\n--b\r\n\r\nout\r\n"
			     "--b--\r\n"),
	    "0 multipart/mixed 1!multipart/x 2 text/plain[in] "
	    "1 text/plain[out] ", "an outer boundary ends the inner parts");
	is_str(outline("Content-Type: multipart/mixed; boundary=\"=?x?Q?b?=\""
		       "\r\n\r\n--=?x?Q?b?=\r\n\r\nin\r\n--=?x?Q?b?=--\r\n"),
	    "0 multipart/mixed 1 text/plain[in] ",
	    "a boundary that looks like an encoded word");
	is_str(outline("Content-Type: message/rfc822\r\n\r\nA: b\r\n\r\nin"),
	    "0 message/rfc822 1 text/plain[in] ", "a message in it");
	is_str(outline("Content-Type: multipart/mixed; boundary=b; boundary=c"
		       "\r\n\r\n--b\r\n\r\nin\r\n--b--\r\n"),
	    "0!multipart/mixed 1 text/plain[in] ", "two boundaries");
	is_str(outline("Content-Type: message/global\r\n\r\nA: b\r\n\r\nin"),
	    "0 message/global 1 text/plain[in] ", "an RFC 6532 one");
	is_str(outline("Content-Type: message/rfc822\r\nContent-Transfer-"
		       "Encoding: base64\r\n\r\nQTogYg0KDQppbg=="),
	    "0 message/rfc822[A: b\r\n\r\nin] ", "an encoded one");
	ok(m.cut, "... is not looked into, and known to be more");
	is_str(outline("Content-Type: multipart/digest; boundary=b\r\n\r\n"
		       "--b\r\n\r\nA: b\r\n\r\nin\r\n--b--\r\n"),
	    "0 multipart/digest 1 message/rfc822 2 text/plain[in] ",
	    "a digest");
	is_str(outline("Content-Type: nonsense\r\n\r\nx"),
	    "0!text/plain[x] ", "a type that is none");
	is_str(outline("Content-Type: text/html\r\n"
		       "Content-Type: text/plain\r\n\r\nx"),
	    "0!text/html[x] ", "two types: the first");
	is_str(outline("Content-Transfer-Encoding: x-unknown\r\n\r\nx"),
	    "0!text/plain[x] ", "an encoding that is none");
	is_str(outline("no field\r\nbody"), "0!text/plain[no field\r\nbody] ",
	    "no empty line");
}

static void
content(const char *encoding, const char *body, const char *want,
    const char *name)
{
	struct buf text = {0}, out = {0};

	buf_printf(&text, "Content-Transfer-Encoding: %s\r\n\r\n%s", encoding,
	    body);
	mime_content(parse(buf_cstr(&text)), &out);
	is_str(buf_cstr(&out), want, name);
	is_int(mime_size(m.v), out.n, "... as long as was said");
	buf_free(&text);
	buf_free(&out);
}

static void
contents(void)
{
	content("base64", "SGVs\r\nbG8=\r\n", "Hello", "base64");
	content("BASE64 (x)", "SGVsbG8", "Hello", "... without padding");
	content("base64", "S.G!V s\r\nbG8=", "Hello", "... with junk");
	content("base64", "SGk=SGk=", "HiHi", "... in pieces");
	content("base64", "S", "", "... of nothing");
	content("quoted-printable", "a=3Db=\r\nc \t\r\nd=C3=9c", "a=bc\r\n"
	    "d\303\234", "quoted-printable");
	content("quoted-printable", "a=ZZ=4\r\n=", "a=ZZ=4\r\n",
	    "... with what is none");
	content("8bit", "a=3D", "a=3D", "none");
}

static void
param(const char *params, const char *want, const char *name)
{
	struct span s;

	arena_reset(&arena);
	s = mime_param(span_of(params), SPAN("filename"), true, &arena);
	is_span(s.p != NULL ? s : SPAN("(none)"), span_of(want), name);
}

static void
params(void)
{
	param("; filename=a.txt", "a.txt", "a token");
	param("; FileName = \"a b;c.txt\" ; x=1", "a b;c.txt", "in quotes");
	param("; filename=\"a\\\"b\\\\c\"", "a\"b\\c", "with backslashes");
	param("; filename=a b c.exe; x=y", "a b c.exe", "blanks unquoted");
	param("; x=\"; filename=no\"; filename=yes", "yes",
	    "not in another's value");
	param("; filename=\"open", "open", "an open quote");
	param("; filename=(c)a.txt(c", "a.txt(c", "comments");
	param("; filename", "(none)", "no value");
	param("", "(none)", "nothing");
	param("; filename=one; filename=two", "one", "the first counts");
	param("; filename*=UTF-8'en'%e2%82%ac.exe", "\342\202\254.exe",
	    "RFC 2231");
	param("; filename*=iso-8859-1''%fcber", "\303\274ber", "Latin 1");
	param("; filename*=%41%zz", "A%zz", "without a charset");
	param("; filename*1=b; filename*0=a; filename*2*=%63", "abc",
	    "in pieces, in any order");
	param("; filename*0*=UTF-8''%e2%82; filename*1*=%ac", "\342\202\254",
	    "a character in two pieces");
	param("; filename*1=b", "(none)", "no first piece");
	param("; filename=plain; filename*=UTF-8''better", "better",
	    "the encoded one before the plain one");
	param("; filename*99999999999999999999=x; filename=y", "y",
	    "a piece too far");
	param("; filename=\"=?utf-8?B?w7xiZXI=?= =?ISO-8859-1?q?=FC_x?=.exe\"",
	    "\303\274ber\303\274 x.exe", "RFC 2047");
	param("; filename=\"=?utf-8?x?y?= =?a =?=\"", "=?utf-8?x?y?= =?a =?=",
	    "what is no encoded word");
}

static void
fields(void)
{
	const struct mime_part *p = parse(
	    "Content-Type: application/pdf;\r\n\tname=\"type.pdf\";"
	    " charset=X\r\nContent-ID:\r\n <a@b>\r\n"
	    "content-disposition: Attachment; filename=disp.exe\r\n\r\n");

	is_span(p->filename, SPAN("disp.exe"), "the disposition's name");
	is_span(p->name, SPAN("type.pdf"), "the type's");
	is_span(p->disposition, SPAN("attachment"), "the disposition");
	is_span(p->charset, SPAN("X"), "the charset");
	is_span(p->id, SPAN("a@b"), "the id");
	p = parse("Content-Type: a/b; name=n\r\n\r\n");
	is_span(p->filename, SPAN("n"), "the type's name for the other");
}

static void
bounds(void)
{
	struct buf text = {0};

	for (int i = 0; i < 60; i++)
		buf_printf(&text, "Content-Type: multipart/mixed; "
		    "boundary=b%d\r\n\r\n--b%d\r\n", i, i);
	parse(buf_cstr(&text));
	ok(m.cut && m.n == MIME_DEPTH_MAX + 1, "depth has a bound");
	buf_reset(&text);
	for (int i = 0; i < 60; i++)
		buf_puts(&text, "Content-Type: message/rfc822\r\n\r\n");
	parse(buf_cstr(&text));
	ok(m.cut && m.n == MIME_DEPTH_MAX + 1, "so have messages in messages");
	buf_reset(&text);
	buf_puts(&text, MIXED);
	for (int i = 0; i < 5000; i++)
		buf_puts(&text, "--b\r\n\r\n");
	parse(buf_cstr(&text));
	ok(m.cut && m.n == MIME_PARTS_MAX, "and the number");
	buf_reset(&text);
	buf_puts(&text, "Content-Type: text/plain");
	for (int i = 0; i < 50000; i++)
		buf_puts(&text, "; a=\"long and \\quoted\"");
	buf_puts(&text, "; name=\"na\\me\"");
	parse(buf_cstr(&text));
	ok(span_eq(m.v[0].name, SPAN("name")), "the last of many");
	ok(arena.used < 64u << 10, "parameters that nobody asks for take no "
	    "memory");
	buf_free(&text);
}

int
main(void)
{
	parts();
	contents();
	params();
	fields();
	bounds();
	return done_testing();
}
