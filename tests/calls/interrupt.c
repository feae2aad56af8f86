/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls that wait, interrupted: EINTR, SA_RESTART, jumps out of handlers a
 * thousand times, cancelled threads, timers that come all the time.
 */
#include "call.h"
#include <pthread.h>
#include <setjmp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

static volatile sig_atomic_t count, opened;
static sigjmp_buf back;

static void handle(int signal)
{
	(void)signal;
	count++;
}

static void handle_and_jump(int signal)
{
	(void)signal;
	count++;
	siglongjmp(back, 1);
}

/* Open the other end, so that a call that was started again comes to an end. */
static void handle_and_open(int signal)
{
	(void)signal;
	if (++count == 3)
		opened = open("/fifo", O_RDWR | O_CLOEXEC) >= 0;
}

static void set_handler(void (*handler)(int), int flags)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = flags };

	MUST(!sigaction(SIGALRM, &action, NULL));
}

static void every(long microseconds)
{
	struct itimerval timer = { { 0, microseconds }, { 0, microseconds } };

	MUST(!setitimer(ITIMER_REAL, &timer, NULL));
}

static int open_descriptors(void)
{
	int open_count = 0;

	for (int fd = 0; fd < 1000; fd++)
		open_count += fcntl(fd, F_GETFD) >= 0;
	return open_count;
}

static long memory_size(void)
{
	char text[64];
	int fd = open("/proc/self/statm", O_RDONLY);
	ssize_t length = read(fd, text, sizeof(text) - 1);

	close(fd);
	text[length] = '\0';
	return atol(text);
}

static void make_listener(int *server, struct sockaddr_un *address)
{
	*address = (struct sockaddr_un){ .sun_family = AF_UNIX, .sun_path = "/tmp/listener" };
	*server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	unlink(address->sun_path);
	MUST(!bind(*server, (struct sockaddr *)address, sizeof(*address)) && !listen(*server, 1));
}

static void try_eintr(void)
{
	struct sockaddr_un address;
	socklen_t length = sizeof(address);
	char buf[8];
	int server, pair[2];

	make_listener(&server, &address);
	MUST(!socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
	set_handler(handle, 0);
	every(20000);
	say("open %s", show(CALL(SYS_open, "/fifo", O_RDONLY)));
	say(" openat %s", show(CALL(SYS_openat, AT_FDCWD, "bound/../fifo", O_WRONLY)));
	say(" accept %s", show(CALL(SYS_accept, server, &address, &length)));
	say(" accept, no address %s", show(CALL(SYS_accept4, server, NULL, NULL, 0)));
	say(" recvfrom %s\n", show(CALL(SYS_recvfrom, pair[0], buf, sizeof(buf), 0, &address, &length)));
	every(0);
	close(server);
}

static void try_restart(void)
{
	int fd;

	count = 0;
	opened = 0;
	set_handler(handle_and_open, SA_RESTART);
	every(10000);
	fd = open("/fifo", O_RDONLY);
	every(0);
	say("restarted open %s, signals %s, other end %d\n", fd >= 0 ? "done" : strerrorname_np(errno),
	    count >= 3 ? "as sent" : "missing", opened);
	while (fd > 2)
		close(fd--);
}

/* Path calls go on rightly while signals come all the time. */
static void try_storm(int flags)
{
	struct stat status;
	long wrong = 0, interrupted = 0;
	char text[64];

	count = 0;
	set_handler(handle, flags);
	every(storm_interval());
	/* Until signals have come, however long the machine takes. */
	for (int i = 0; i < 20000 || (count <= 100 && i < 20000000); i++) {
		int fd = open("/bound/inner", O_RDONLY);

		if (fd < 0 && errno == EINTR)
			interrupted++;
		wrong += fd < 0;
		close(fd);
		wrong += stat("/bound/sub/../inner", &status) != 0 || status.st_size != 6;
		wrong += readlink("/link-abs", text, sizeof(text)) != 9;
		wrong += access("/missing", F_OK) != -1 || errno != ENOENT;
		wrong += !getcwd(text, sizeof(text));
		wrong += mkdir("/dir", 0700) != -1 || errno != EEXIST;
	}
	every(0);
	say("storm: wrong %ld interrupted %ld, signals %s\n", wrong, interrupted,
	    count > 100 ? "came" : "did not come");
}

/* Leave a waiting call for ever, by a jump out of the handler. */
static void try_jumps(const char *what, int kind)
{
	struct sockaddr_un address, peer;
	volatile int client = -1;
	int server, before;
	long size;

	make_listener(&server, &address);
	if (kind == 2) {
		/* Fill the backlog, so that connect waits. */
		for (int i = 0; i < 2; i++)
			MUST(!connect(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), (struct sockaddr *)&address,
				      sizeof(address)));
		client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	}
	set_handler(handle_and_jump, 0);
	count = 0;
	before = open_descriptors();
	size = memory_size();
	for (volatile int i = 0; i < 1000; i++) {
		if (!sigsetjmp(back, 1)) {
			struct itimerval once = { { 0, 0 }, { 0, 200 } };
			socklen_t length = sizeof(peer);

			MUST(!setitimer(ITIMER_REAL, &once, NULL));
			if (kind == 0)
				open("/fifo", O_RDONLY | O_CLOEXEC);
			else if (kind == 1)
				accept(server, (struct sockaddr *)&peer, &length);
			else
				connect(client, (struct sockaddr *)&address, sizeof(address));
			say("came back\n");
		}
	}
	say("%s: jumps %d, descriptors %d more, memory %s\n", what, count, open_descriptors() - before,
	    memory_size() - size > 200 ? "grew" : "same");
	close(server);
	close(client);
}

static void *open_fifo(void *path)
{
	int fd = open(path, O_RDONLY);

	say("thread opened it: %d\n", fd);
	return NULL;
}

static void try_cancel(void)
{
	static char fifo[] = "/fifo", relative[] = "bound/../fifo";
	struct stat status;

	for (int i = 0; i < 100; i++) {
		pthread_t thread;
		void *result;

		MUST(!pthread_create(&thread, NULL, open_fifo, i % 2 ? fifo : relative));
		usleep(i % 10 * 100);
		MUST(!pthread_cancel(thread) && !pthread_join(thread, &result));
		if (result != PTHREAD_CANCELED)
			say("not cancelled\n");
	}
	say("cancelled: descriptors %d stat %s\n", open_descriptors(), show(CALL(SYS_stat, "/bound/inner", &status)));
}

/* A signal's handler that makes calls which wait and are interrupted in turn. */
static void handle_nested(int signal)
{
	(void)signal;
	if (++count < 4) {
		long result = CALL(SYS_open, "/fifo", O_RDONLY);

		say("  nested %s\n", show(result));
	}
}

static void try_nested(void)
{
	count = 0;
	set_handler(handle_nested, SA_NODEFER);
	every(30000);
	say("outer %s\n", show(CALL(SYS_open, "/fifo", O_WRONLY)));
	every(0);
}

int main(void)
{
	try_eintr();
	try_restart();
	try_storm(0);
	try_storm(SA_RESTART);
	try_jumps("open", 0);
	try_jumps("accept", 1);
	try_jumps("connect", 2);
	try_cancel();
	try_nested();
	return 0;
}
