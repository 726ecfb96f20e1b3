/*
 * relay_mail: a job as SMTP wants it: what is said behind MAIL and RCPT to
 * this server, and the octets. What it offers decides.
 */
#ifndef RELAY_MAIL_H
#define RELAY_MAIL_H

#include "agent.h"
#include "smtpclient.h"

struct relay_mail {
	struct smtpclient_mail mail;
	struct compose compose;
	struct agent_job *job;
	bool dsn;	/* the server takes over what was asked for */
};

/*
 * For n of the job's recipients, by number, and a server whose EHLO is known.
 * Everything lives in the job's arena; compose_end(&m->compose) afterwards.
 */
void relay_mail_make(struct relay_mail *m, struct agent_job *job,
    const size_t *rcpts, size_t n, const struct smtpclient *c);

#endif
