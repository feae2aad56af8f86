/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Path calls under signals that come all the time, in many threads.
 *
 *	storm SECONDS CALLS
 *
 * For SECONDS, 32 threads make calls of which they know the answers, while a
 * timer of each fires every 50 microseconds (storm_interval()) and others send each of them
 * signals that are counted. Their handlers nest; those of some threads run on
 * an alternate stack, interrupt with or without SA_RESTART, or jump away. Then
 * opens of a fifo are interrupted and cancelled. At last 100 threads make CALLS calls each.
 *
 * No answer may be wrong, no signal lost, no memory kept. Prints TAP.
 */
#include "../calls/call.h"
#include <pthread.h>
#include <setjmp.h>

#define THREADS 32
#define WORKERS 100
#define TICK SIGRTMIN
#define COUNTED (SIGRTMIN + 1)

/* What a thread of the storm does with signals. */
enum { ON_STACK = 1, JUMPS = 2 };

static _Thread_local sigjmp_buf back;
static _Thread_local volatile sig_atomic_t may_jump;
static _Thread_local int own_number;

static struct {
	pthread_t thread;
	pid_t id;
	unsigned int ways;
	volatile long sent, received, ticks, jumps, calls, wrong;
	char stack[65536];
} storm[THREADS];

static volatile bool is_over;
static int points;

static void point(bool is_good, const char *what)
{
	say("%s %d - %s\n", is_good ? "ok" : "not ok", ++points, what);
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static long memory_size(void)
{
	char text[64] = "";
	int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);

	read(fd, text, sizeof(text) - 1);
	close(fd);
	return atol(text);
}

static int open_descriptors(void)
{
	int count = 0;

	for (int fd = 0; fd < 1000; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static void on_counted(int signal)
{
	int kept = errno;

	(void)signal;
	__atomic_fetch_add(&storm[own_number].received, 1, __ATOMIC_RELAXED);
	/* What is interrupted may be a call of the handler's own kind. */
	access("/link-file", F_OK);
	errno = kept;
}

static void on_tick(int signal)
{
	struct stat status;
	int kept = errno;

	(void)signal;
	/* Not each time: the thread itself is to get on. */
	if (storm[own_number].ticks++ % 16 == 0 && (stat("/dir/../file", &status) || !S_ISREG(status.st_mode)))
		storm[own_number].wrong++;
	errno = kept;
	if (!may_jump)
		return;
	may_jump = 0;
	storm[own_number].jumps++;
	siglongjmp(back, 1);
}

/* Whether the answer is the right one. Without descriptors, so that one may jump away. */
static bool ask(unsigned int which, const char *own)
{
	char text[PATH_MAX], moved[64];
	struct stat status;

	switch (which % 8) {
	case 0:
		return !stat("/link-dir/file", &status) && status.st_size == 12;
	case 1:
		return access("/missing/x", F_OK) == -1 && errno == ENOENT;
	case 2:
		return readlink("/link-abs", text, sizeof(text)) == 9 && !memcmp(text, "/dir/file", 9);
	case 3:
		return !lstat("/bound/up-link", &status) && S_ISLNK(status.st_mode);
	case 4:
		snprintf(moved, sizeof(moved), "%s-directory", own);
		return (!mkdir(moved, 0700) || errno == EEXIST) && (!rmdir(moved) || errno == ENOENT);
	case 5:
		snprintf(moved, sizeof(moved), "%s-moved", own);
		return (!symlink("x", own) || errno == EEXIST) && (!rename(own, moved) || errno == ENOENT) &&
		       (!unlink(moved) || errno == ENOENT) && (!unlink(own) || errno == ENOENT);
	case 6:
		return getcwd(text, sizeof(text)) && !strcmp(text, "/");
	default:
		return stat("/file/x", &status) == -1 && errno == ENOTDIR;
	}
}

static bool ask_file(void)
{
	char text[32] = "";
	static _Thread_local unsigned int turn;
	/* The second is held by a descriptor on its way, which is given back behind the call. */
	int fd = open(turn++ % 2 ? "/link-abs" : "link-dir/file", O_RDONLY | O_CLOEXEC);
	bool is_right = fd >= 0 && read(fd, text, sizeof(text)) == 12 && !strcmp(text, "file in dir\n");

	return !close(fd) && is_right;
}

static timer_t start_timer(pid_t id)
{
	struct sigevent event = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = TICK };
	/* A thread that is told of each signal by a tracer must have the time to get on between two. */
	struct itimerspec often = { { 0, storm_interval() * 1000 }, { 0, storm_interval() * 1000 } };
	timer_t timer;

	event._sigev_un._tid = id;
	MUST(!timer_create(CLOCK_MONOTONIC, &event, &timer) && !timer_settime(timer, 0, &often, NULL));
	return timer;
}

static void *stand_in_storm(void *number)
{
	unsigned int which = (unsigned int)(long)number;
	stack_t stack = { .ss_sp = storm[which].stack, .ss_size = sizeof(storm[0].stack) };
	char own[32];
	timer_t timer;

	own_number = (int)which;
	snprintf(own, sizeof(own), "/tmp/own-%u", which);
	if (storm[which].ways & ON_STACK)
		MUST(!sigaltstack(&stack, NULL));
	timer = start_timer(gettid());
	__atomic_store_n(&storm[which].id, gettid(), __ATOMIC_RELEASE);
	for (unsigned int i = which; !is_over; i++) {
		if (storm[which].ways & JUMPS) {
			if (!sigsetjmp(back, 1)) {
				may_jump = i % 4 == 0;
				if (!ask(i, own))
					storm[which].wrong++;
				may_jump = 0;
			}
		} else if (!(i % 8 ? ask(i, own) : ask_file())) {
			storm[which].wrong++;
		}
		storm[which].calls++;
	}
	timer_delete(timer);
	return NULL;
}

static void set_handlers(int flags)
{
	struct sigaction counted = { .sa_handler = on_counted, .sa_flags = flags | SA_NODEFER },
			 tick = { .sa_handler = on_tick, .sa_flags = flags };

	/* None jumps away before it is counted. */
	sigaddset(&counted.sa_mask, TICK);
	MUST(!sigaction(COUNTED, &counted, NULL) && !sigaction(TICK, &tick, NULL));
}

/* A signal that could be queued must arrive. */
static void send_signals(void)
{
	siginfo_t info = { .si_code = SI_QUEUE };

	for (int i = 0; i < THREADS; i++) {
		pid_t id = __atomic_load_n(&storm[i].id, __ATOMIC_ACQUIRE);

		info.si_signo = COUNTED;
		info.si_pid = getpid();
		info.si_uid = getuid();
		if (id && storm[i].sent - storm[i].received < 4 &&
		    !syscall(SYS_rt_tgsigqueueinfo, getpid(), id, COUNTED, &info))
			storm[i].sent++;
	}
}

static void run_storm(double seconds, int flags, const char *what)
{
	long sent = 0, received = 0, wrong = 0, jumps = 0, calls = 0, memory = 0, grown;
	double begin = now();
	char text[128];

	set_handlers(flags);
	is_over = false;
	for (long i = 0; i < THREADS; i++) {
		storm[i].id = 0;
		storm[i].sent = storm[i].received = storm[i].jumps = storm[i].calls = storm[i].wrong = 0;
		storm[i].ways = (unsigned int)i % 4 == 3 ? JUMPS : i % 2 ? ON_STACK : 0;
		MUST(!pthread_create(&storm[i].thread, NULL, stand_in_storm, (void *)i));
	}
	while (now() < begin + seconds) {
		send_signals();
		usleep(200);
		if (!memory && now() > begin + seconds / 2)
			memory = memory_size();
	}
	grown = memory_size() - memory;
	/* All that was sent has arrived once the threads have had time. */
	for (int tries = 0; tries < 10000; tries++, usleep(1000)) {
		sent = received = 0;
		for (int i = 0; i < THREADS; i++)
			sent += storm[i].sent, received += storm[i].received;
		if (sent == received)
			break;
	}
	is_over = true;
	for (int i = 0; i < THREADS; i++) {
		pthread_join(storm[i].thread, NULL);
		wrong += storm[i].wrong, jumps += storm[i].jumps, calls += storm[i].calls;
	}
	say("# %s: %ld calls, %ld signals counted, %ld jumps\n", what, calls, received, jumps);
	snprintf(text, sizeof(text), "%s: %ld wrong answers", what, wrong);
	point(!wrong && calls > 100 && jumps > 0, text);
	snprintf(text, sizeof(text), "%s: %ld signals lost", what, sent - received);
	point(sent == received && sent > 100, text);
	snprintf(text, sizeof(text), "%s: %ld pages more", what, grown);
	point(grown <= 0, text);
}

/*
 * A fifo that nobody writes to
 */

static volatile sig_atomic_t alarms;

static void on_alarm(int signal)
{
	(void)signal;
	alarms++;
}

static void *open_fifo(void *unused)
{
	int fd = open("/fifo", O_RDONLY | O_CLOEXEC);
	long error = fd < 0 ? -errno : 0;

	(void)unused;
	if (fd >= 0)
		close(fd);
	return (void *)error;
}

static void interrupt_opens(int flags, long wanted, const char *what)
{
	struct sigaction action = { .sa_handler = on_alarm, .sa_flags = flags };
	long wrong = 0;

	MUST(!sigaction(SIGUSR1, &action, NULL));
	for (int i = 0; i < 100; i++) {
		pthread_t thread;
		void *result;
		int before = alarms;

		MUST(!pthread_create(&thread, NULL, open_fifo, NULL));
		for (int tries = 0; alarms == before || tries < 3; tries++) {
			usleep(tries < 10 ? 300 : 2000);
			if (pthread_kill(thread, SIGUSR1))
				break;
		}
		if (!wanted)
			close(open("/fifo", O_RDWR | O_CLOEXEC));
		while (pthread_tryjoin_np(thread, &result)) {
			/* It may have been interrupted before it waited. */
			if (wanted)
				pthread_kill(thread, SIGUSR1);
			else
				close(open("/fifo", O_RDWR | O_CLOEXEC));
			usleep(500);
		}
		wrong += (long)result != wanted;
	}
	say("# %s: %ld wrong\n", what, wrong);
	point(!wrong, what);
}

static void cancel_opens(void)
{
	int before = open_descriptors();
	long memory = 0, wrong = 0;

	for (int i = 0; i < 300; i++) {
		pthread_t thread;
		void *result;

		MUST(!pthread_create(&thread, NULL, open_fifo, NULL));
		if (i % 3)
			usleep(300);
		pthread_cancel(thread);
		pthread_join(thread, &result);
		wrong += result != PTHREAD_CANCELED;
		if (i == 100)
			memory = memory_size();
	}
	say("# %ld were not cancelled, %d descriptors more, %ld pages more\n", wrong, open_descriptors() - before,
	    memory_size() - memory);
	point(!wrong && open_descriptors() == before && memory_size() <= memory, "opens of a fifo cancelled");
}

/*
 * Many threads
 */

static long calls_each;

static void *make_calls(void *number)
{
	char own[32];
	long wrong = 0;

	snprintf(own, sizeof(own), "/tmp/worker-%ld", (long)number);
	for (long i = 0; i < calls_each; i++)
		wrong += !(i % 4 ? ask((unsigned int)i, own) : ask_file());
	return (void *)wrong;
}

static void run_workers(void)
{
	pthread_t threads[WORKERS];
	long wrong = 0;

	for (long i = 0; i < WORKERS; i++)
		MUST(!pthread_create(&threads[i], NULL, make_calls, (void *)i));
	for (int i = 0; i < WORKERS; i++) {
		void *result;

		pthread_join(threads[i], &result);
		wrong += (long)result;
	}
	say("# %d threads, %ld calls each, %ld wrong\n", WORKERS, calls_each, wrong);
	point(!wrong, "many threads");
}

int main(int count, char **words)
{
	double seconds;

	MUST(count == 3 && !chdir("/"));
	seconds = atof(words[1]) / 2;
	calls_each = atol(words[2]);
	run_storm(seconds, 0, "storm");
	/* Altogether half of the threads have an alternate stack: the others ignore SA_ONSTACK. */
	run_storm(seconds, SA_RESTART | SA_ONSTACK, "storm with SA_RESTART and SA_ONSTACK");
	interrupt_opens(0, -EINTR, "opens of a fifo interrupted");
	interrupt_opens(SA_RESTART, 0, "opens of a fifo interrupted and made again");
	cancel_opens();
	run_workers();
	say("1..%d\n", points);
	return 0;
}
