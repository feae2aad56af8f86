#!/bin/sh
# Every kind of executable: PIE, not PIE, static, static PIE, musl, ld.so by hand, busybox.
. "$T/lib.sh"
cat >p.c <<'C'
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
static int zero[5000];
static void *thread(void *arg)
{
	return realpath("/proc/self/cwd/..", arg);
}
int main(int argc, char **argv)
{
	char buf[PATH_MAX], cwd[PATH_MAX];
	struct stat st;
	pthread_t t;
	for (int i = 0; i < 5000; i++)
		if (zero[i])
			return 9;
	for (int i = 0; i < argc; i++)
		printf("%s ", argv[i]);
	ssize_t n = readlink("/proc/self/exe", buf, sizeof(buf) - 1);
	buf[n > 0 ? n : 0] = 0;
	printf("exe %s cwd %s execfn %s\n", buf, getcwd(cwd, sizeof(cwd)), (char *)getauxval(AT_EXECFN));
	int found = stat("/etc/passwd", &st), missing = stat("/missing", &st);
	printf("stat %d %d %s\n", found, missing, strerror(errno));
	printf("brk %d\n", sbrk(100000) != (void *)-1 && memset(malloc(1 << 20), 1, 1 << 20) != NULL);
	pthread_create(&t, NULL, thread, buf);
	pthread_join(t, NULL);
	printf("thread %s environment %s\n", buf, getenv("HOME"));
	FILE *p = popen("echo popen $0; exit 3", "r");
	printf("%s", fgets(buf, sizeof(buf), p));
	printf("status %d system %d\n", WEXITSTATUS(pclose(p)), WEXITSTATUS(system("exit 4")));
	DIR *d = opendir("/");
	int count = 0;
	for (struct dirent *e; (e = readdir(d));)
		count += !strcmp(e->d_name, "usr") + !strcmp(e->d_name, "proc");
	printf("opendir %d\n", count);
	fflush(stdout);
	if (argc == 1 && !vfork()) {
		execl(argv[0], argv[0], "vforked", (char *)NULL);
		_exit(9);
	}
	return argc == 1 ? wait(NULL) < 0 : 0;
}
C
build() {
	name=$1
	shift
	run "$@" -O1 -o "$name" p.c -pthread
	"./$name"
	echo "$name [$?]"
}
build pie gcc -pie -fPIE
build fixed gcc -no-pie -fno-pie
build static gcc -static 2>&1 | grep -v warning
build static-pie gcc -static-pie
build musl musl-gcc
build musl-static musl-gcc -static
build musl-static-pie musl-gcc -static-pie -fPIE
build execstack gcc -z execstack
build nx-low gcc -no-pie -Wl,-Ttext-segment=0x10000000
build separate gcc -Wl,-z,separate-code -Wl,-z,max-page-size=0x200000
/lib64/ld-linux-x86-64.so.2 ./pie by-hand
/lib64/ld-linux-x86-64.so.2 --argv0 zero /bin/echo echoed
run gcc -o runpath p.c -Wl,-rpath,\$ORIGIN/lib -Wl,-z,now && ./runpath x | head -n 1
cat >interp.c <<'C'
int x;
C
run gcc -o noint p.c -Wl,--dynamic-linker=/missing/ld.so
try ./noint
cp pie short && truncate -s 100 short
try ./short
head -c 64 /bin/true >stump && chmod +x stump
sh -c ./stump >/dev/null 2>&1
echo "stump [$?]"
printf '\177ELF\2\1\1\0\0\0\0\0\0\0\0\0\2\0\267\0' >arm && head -c 200 /dev/zero >>arm && chmod +x arm
sh -c ./arm >/dev/null 2>&1
echo "arm [$?]"
busybox sh -c 'echo $0; ls -d /etc; busybox find /etc -maxdepth 1 | sort | md5sum; readlink /proc/self/exe'
cp /bin/busybox ls && ./ls -d /usr
ln -s /bin/busybox cat && ./cat /etc/debian_version
ln pie hard && ./hard x | head -n 1
ln -s pie soft && ./soft x | head -n 1
cp pie renamed-while-running && (./renamed-while-running & wait) | head -n 1
LD_PRELOAD=/missing.so ./pie x 2>&1 | head -n 2
printf 'int getpid(void) { return 42; }' >pre.c && run gcc -shared -fPIC -o pre.so pre.c && LD_PRELOAD=./pre.so python3 -c 'import os; print(os.getpid())'
case $(uname -m) in
x86_64)
	for _ in 1 2 3 4 5 6 7 8; do LD_SHOW_AUXV=1 ./pie x | grep AT_ENTRY; done | sort -u | wc -l | awk '{ print "aslr", ($1 > 1) }'
	;;
esac
