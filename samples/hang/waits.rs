//! Waits of Rust's library, for pmp dump: `waits CASE`. Each prints its pid when it hangs, and ends
//! after a minute.
use std::sync::{mpsc, Arc, Barrier, Condvar, Mutex, RwLock};
use std::thread;
use std::time::Duration;

fn nap() {
    thread::sleep(Duration::from_secs(60));
}

fn ready() {
    thread::spawn(|| {
        thread::sleep(Duration::from_millis(300));
        println!("{}", std::process::id());
    });
}

fn mutex() {
    let lock = Arc::new(Mutex::new(0));
    let (other, (tell, told)) = (lock.clone(), mpsc::channel());
    thread::Builder::new()
        .name("holder".to_string())
        .spawn(move || {
            let _guard = other.lock();
            tell.send(()).unwrap();
            nap();
        })
        .unwrap();
    told.recv().unwrap();
    ready();
    let _guard = lock.lock();
}

fn rwlock() {
    let lock = RwLock::new(0);
    let _first = lock.write();
    ready();
    let _second = lock.read();
}

fn condvar() {
    let (lock, change) = (Mutex::new(0), Condvar::new());
    ready();
    let _guard = change.wait(lock.lock().unwrap());
}

fn channel() {
    let (_keep, end) = mpsc::channel::<i32>();
    ready();
    let _item = end.recv();
}

fn barrier() {
    ready();
    Barrier::new(2).wait();
}

fn park() {
    ready();
    loop {
        thread::park();
    }
}

fn join() {
    let thread = thread::spawn(nap);
    ready();
    thread.join().unwrap();
}

fn main() {
    thread::spawn(|| {
        nap();
        std::process::exit(0);
    });
    match std::env::args().nth(1).as_deref() {
        Some("mutex") => mutex(),
        Some("rwlock") => rwlock(),
        Some("condvar") => condvar(),
        Some("channel") => channel(),
        Some("barrier") => barrier(),
        Some("park") => park(),
        Some("join") => join(),
        _ => eprintln!("usage: waits mutex|rwlock|condvar|channel|barrier|park|join"),
    }
}
