#!/bin/sh
# rustc, and cargo build, test and run of a crate without dependencies.
. "$T/lib.sh"
CARGO_HOME=/tmp/cargo CARGO_NET_OFFLINE=true CARGO_TERM_COLOR=never
export CARGO_HOME CARGO_NET_OFFLINE CARGO_TERM_COLOR
echo 'fn main() { println!("rustc {}", (1..=20u64).product::<u64>()); }' >one.rs
run rustc -O one.rs && ./one
run rustc -C target-feature=+crt-static -o static one.rs && ./static
echo 'fn main() { let x: u8 = "y"; }' >bad.rs && rustc bad.rs 2>&1 | grep ^error
quietly cargo new --vcs none app
cd app || exit
cat >src/main.rs <<'RS'
use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::Command;
use std::{env, fs, net, thread};

fn work(i: usize) -> usize {
    (0..50)
        .map(|j| {
            let name = format!("r{i}-{j}");
            fs::write(&name, &name).unwrap();
            let n = fs::read(&name).unwrap().len() + fs::metadata(&name).unwrap().len() as usize;
            fs::rename(&name, format!("{name}x")).unwrap();
            fs::remove_file(format!("{name}x")).unwrap();
            n
        })
        .sum()
}

fn main() {
    println!("{:?} {:?} {:?}", env::args().collect::<Vec<_>>(), env::current_dir().unwrap(), env::current_exe().unwrap());
    let threads: Vec<_> = (0..16).map(|i| thread::spawn(move || work(i))).collect();
    println!("threads {}", threads.into_iter().map(|t| t.join().unwrap()).sum::<usize>());
    fs::create_dir_all("a/b/c").unwrap();
    std::os::unix::fs::symlink("b/c", "a/link").unwrap();
    println!("{:?} {:?}", fs::canonicalize("a/link").unwrap(), fs::read_link("a/link").unwrap());
    println!("{:?}", fs::File::open("missing").unwrap_err());
    println!("{:?}", Command::new("sh").args(["-c", "echo from sh; exit 3"]).output().unwrap());
    println!("{:?}", Command::new("./missing").status().unwrap_err().kind());
    println!("{:?}", Command::new("pwd").current_dir("/usr").output().unwrap().stdout);
    let listener = UnixListener::bind("/tmp/work/rsock").unwrap();
    let client = thread::spawn(|| UnixStream::connect("/tmp/work/rsock").unwrap().write_all(b"unix").unwrap());
    let mut text = String::new();
    listener.accept().unwrap().0.read_to_string(&mut text).unwrap();
    client.join().unwrap();
    println!("{text} {:?}", listener.local_addr().unwrap());
    let tcp = net::TcpListener::bind("127.0.0.1:0").unwrap();
    net::TcpStream::connect(tcp.local_addr().unwrap()).unwrap();
    println!("{:?}", thread::spawn(|| if true { panic!("in a thread") }).join().is_err());
    println!("{}", thread::Builder::new().stack_size(16384).spawn(|| fs::read_dir("/").unwrap().count() > 5).unwrap().join().unwrap());
    fn deep(n: u64) -> u64 {
        let a = [n; 1000];
        let x = unsafe { std::ptr::read_volatile(&a[5]) };
        if n == 0 { 0 } else { deep(n - 1) + x }
    }
    if env::args().nth(1).as_deref() == Some("overflow") { println!("{}", deep(1 << 40)); }
    std::process::exit(5);
}

#[test]
fn works() {
    assert_eq!(work(1000), 780);
}
RS
run cargo build
target/debug/app 2>/dev/null
echo "[$?]"
rm -rf a /tmp/work/rsock
sh -c 'target/debug/app overflow; echo "[$?]"' 2>&1 | grep -a 'overflowed\|^\[' | sed 's/ ([0-9]*)//'
rm -rf a /tmp/work/rsock
cargo build 2>&1 | sed 's/ in .*//'
cargo test 2>&1 | grep '^test works'
touch src/main.rs && run cargo build --release && cargo --version | cut -d ' ' -f 1
