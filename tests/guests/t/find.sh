#!/bin/sh
# find and ls over the whole guest.
. "$T/lib.sh"
LC_ALL=C
export LC_ALL

guest() {
	find / \( -path /proc -o -path /sys -o -path /dev -o -path /tmp -o -path /home -o -name __pycache__ \) -prune -o "$@"
}
guest -print | sort >all
wc -l <all | grep -c .
md5sum <all
guest -printf '%p %y %m %s %T@ %n %l\n' | sort | md5sum
guest -type l -xtype l -print | sort
guest -type l -printf '%p %Y\n' | sort | md5sum
find -L /etc -type f 2>&1 | sort | md5sum
guest -name '*.so*' -type f -size +100k -print | sort | head -n 5
guest -perm -4000 -print
guest -type d -empty -print | sort | md5sum
find /usr/include -name 'std*.h' -newermt 2000-01-01 -exec grep -l size_t {} + | sort
find /usr/bin -samefile /usr/bin/perl | sort
find /etc -maxdepth 1 -name '*.conf' -execdir echo {} \; | sort
find / -maxdepth 1 -printf '%f %y\n' | sort
find /proc/self/ -maxdepth 1 -name 's*' -printf '%f\n' | sort
find /usr/lib -name 'lib[a-c]*' -prune -print0 | xargs -0 -n 20 -P 4 ls -d | sort | md5sum
ls -goR --time-style=full-iso /usr/lib /usr/share /etc 2>/dev/null | grep -v __pycache__ | md5sum
ls -laL /etc/alternatives 2>&1 | awk '{ print $1, $5, $9 }' | md5sum
ls -U /usr/bin | wc -l
ls -fi /usr | wc -l
mkdir -p x/y/z && touch x/1 x/y/2 x/y/z/3 && ln -s .. x/y/up
find x -depth -print | sort && find -L x -name up 2>&1 | sort
find x -type f -delete && find x -type d -empty
find x -delete && try find x
