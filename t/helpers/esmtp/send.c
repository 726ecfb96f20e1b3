/*
 * send: one message by libesmtp, a client that is not ours: it pipelines, and
 * sends the message with BDAT where CHUNKING is offered.
 *
 *	send HOST:PORT SENDER RECIPIENT... <MESSAGE
 */
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <libesmtp.h>

static void
show(const char *buf, int len, int writing, void *arg)
{
	(void)arg;
	/* The dialogue, not the message. */
	if (writing == SMTP_CB_WRITING || writing == SMTP_CB_READING)
		fprintf(stderr, "%s %.*s", writing == SMTP_CB_WRITING ? "C:" :
		    "S:", len, buf);
}

int
main(int argc, char **argv)
{
	smtp_session_t session = smtp_create_session();
	smtp_message_t message = smtp_add_message(session);
	const smtp_status_t *status;

	if (argc < 4)
		return 100;
	signal(SIGPIPE, SIG_IGN);
	smtp_set_monitorcb(session, show, NULL, 0);
	smtp_set_server(session, argv[1]);
	smtp_set_hostname(session, "client.example");
	smtp_set_reverse_path(message, argv[2]);
	smtp_dsn_set_ret(message, Ret_HDRS);
	smtp_8bitmime_set_body(message, E8bitmime_8BITMIME);
	for (int i = 3; i < argc; i++)
		smtp_dsn_set_notify(smtp_add_recipient(message, argv[i]),
		    Notify_SUCCESS | Notify_DELAY);
	smtp_set_message_fp(message, stdin);
	if (!smtp_start_session(session)) {
		fprintf(stderr, "the session failed\n");
		return 1;
	}
	status = smtp_message_transfer_status(message);
	printf("%d %s\n", status->code, status->text ? status->text : "");
	return status->code == 250 ? 0 : 1;
}
