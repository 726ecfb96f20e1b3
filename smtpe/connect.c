/* connect: see connect.h. */
#include "connect.h"
#include "access.h"
#include "shed.h"

#define LAST_WORDS_MS 10000 /* for a client to take them */

/* Says it and ends; the script is not there to be told. */
static bool
refuse(struct session *s, struct reply r)
{
	struct buf wire = {0};

	s->ending = END_DROPPED;
	if (r.code == 0 || !session_may_speak(s))
		return false;
	s->io.session_deadline = clock_deadline(LAST_WORDS_MS);
	reply_format(r, &wire);
	io_write(&s->io, buf_span(&wire));
	buf_free(&wire);
	session_linger(s);
	return false;
}

bool
connect_let_in(struct session *s)
{
	struct access_refusal a;
	struct reply r;

	if (!connect_proxy(s))
		return false;
	a = access_admit(s);
	if (a.denied)
		return refuse(s, a.reply);
	r = shed_connection(s);
	if (r.code != 0)
		return refuse(s, r);
	return true;
}
