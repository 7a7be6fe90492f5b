//! ractor on the same works: one function each, one line of JSON at the end.
//! Arguments: THREADS WORK BATCH WARM-UP-MS MEASURED-MS; the last four are the same for every contender.
use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort};
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{oneshot, Notify};

const PROCESSES: usize = 100_000;

/// Counts the bytes that live on the heap.
struct Counting;
static LIVE: AtomicUsize = AtomicUsize::new(0);

unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(layout.size(), Relaxed);
        System.alloc(layout)
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Relaxed);
        System.dealloc(pointer, layout)
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |index: usize| arguments[index].parse::<usize>().expect("a number");
    let (threads, work, size) = (number(0), arguments[1].as_str(), number(2));
    let times = (Duration::from_millis(number(3) as u64), Duration::from_millis(number(4) as u64));
    let runtime = if threads == 1 {
        tokio::runtime::Builder::new_current_thread().enable_time().build()
    } else {
        tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_time().build()
    };
    // A task of its own: what `block_on` runs is not run by the workers.
    let runtime = runtime.expect("a runtime");
    let work = work.to_owned();
    runtime.block_on(async move { tokio::spawn(run(work, size, times)).await.expect("the work") });
    std::process::exit(0);
}

async fn run(work: String, size: usize, times: (Duration, Duration)) {
    match work.as_str() {
        "ping-pong" => measure_rate(times, || ping_pong(size)).await,
        "cast" => measure_rate(times, || casts(size)).await,
        "call" => {
            let server = start_counter().await.0;
            measure_rate(times, || calls(size, server.clone())).await
        }
        "start-stop" => measure_rate(times, || start_stop(size)).await,
        "idle-memory" => idle_memory(size).await,
        "fan-out" => fan_out(size, times).await,
        other => panic!("no work is named {other}"),
    }
}

// ping-pong

struct Ping;
struct Pong;
enum Ball {
    Start(ActorRef<ActorRef<Ball>>),
    Back,
}

impl Actor for Ping {
    type Msg = Ball;
    type State = (usize, Option<ActorRef<ActorRef<Ball>>>, Option<oneshot::Sender<()>>);
    type Arguments = (usize, oneshot::Sender<()>);
    async fn pre_start(&self, _: ActorRef<Ball>, (size, done): Self::Arguments) -> Result<Self::State, ActorProcessingErr> {
        Ok((size, None, Some(done)))
    }
    async fn handle(&self, myself: ActorRef<Ball>, ball: Ball, state: &mut Self::State) -> Result<(), ActorProcessingErr> {
        match ball {
            Ball::Start(pong) => state.1 = Some(pong),
            Ball::Back => state.0 -= 1,
        }
        if state.0 > 0 {
            state.1.as_ref().expect("the other").cast(myself)?;
        } else if let Some(done) = state.2.take() {
            let _ = done.send(());
        }
        Ok(())
    }
}

impl Actor for Pong {
    type Msg = ActorRef<Ball>;
    type State = ();
    type Arguments = ();
    async fn pre_start(&self, _: ActorRef<Self::Msg>, _: ()) -> Result<(), ActorProcessingErr> {
        Ok(())
    }
    async fn handle(&self, _: ActorRef<Self::Msg>, from: ActorRef<Ball>, _: &mut ()) -> Result<(), ActorProcessingErr> {
        from.cast(Ball::Back)?;
        Ok(())
    }
}

async fn ping_pong(size: usize) -> usize {
    let (done, waiting) = oneshot::channel();
    let (pong, pong_ended) = Actor::spawn(None, Pong, ()).await.expect("pong");
    let (ping, ping_ended) = Actor::spawn(None, Ping, (size, done)).await.expect("ping");
    ping.cast(Ball::Start(pong.clone())).expect("a start");
    waiting.await.expect("the last ball");
    ping.stop(None);
    pong.stop(None);
    let _ = tokio::join!(ping_ended, pong_ended);
    size
}

// the server of casts, calls, starts and memory

struct Counter;
enum Request {
    Increment,
    IncrementAnd(RpcReplyPort<usize>),
}

impl Actor for Counter {
    type Msg = Request;
    type State = (usize, usize, Option<oneshot::Sender<usize>>);
    type Arguments = (usize, Option<oneshot::Sender<usize>>);
    async fn pre_start(&self, _: ActorRef<Request>, (size, waiting): Self::Arguments) -> Result<Self::State, ActorProcessingErr> {
        Ok((0, size, waiting))
    }
    async fn handle(&self, _: ActorRef<Request>, request: Request, state: &mut Self::State) -> Result<(), ActorProcessingErr> {
        state.0 += 1;
        match request {
            Request::Increment if state.0 == state.1 => {
                if let Some(waiting) = state.2.take() {
                    let _ = waiting.send(state.0);
                }
            }
            Request::Increment => {}
            Request::IncrementAnd(port) => port.send(state.0)?,
        }
        Ok(())
    }
}

async fn start_counter() -> (ActorRef<Request>, tokio::task::JoinHandle<()>) {
    Actor::spawn(None, Counter, (0, None)).await.expect("a server")
}

async fn casts(size: usize) -> usize {
    let (counted, waiting) = oneshot::channel();
    let (server, ended) = Actor::spawn(None, Counter, (size, Some(counted))).await.expect("a server");
    for sent in 1..=size {
        server.cast(Request::Increment).expect("a cast");
        if sent % 1000 == 0 {
            tokio::task::yield_now().await;
        }
    }
    let count = waiting.await.expect("the count");
    server.stop(None);
    let _ = ended.await;
    count
}

async fn calls(size: usize, server: ActorRef<Request>) -> usize {
    for _ in 0..size {
        let answer = server.call(Request::IncrementAnd, None).await.expect("a call");
        assert!(answer.is_success());
    }
    size
}

async fn start_stop(size: usize) -> usize {
    for _ in 0..size {
        let (server, ended) = start_counter().await;
        server.stop(None);
        ended.await.expect("an end");
    }
    size
}

async fn idle_memory(size: usize) {
    let before = settled().await;
    let mut alive = Vec::with_capacity(size);
    for _ in 0..size {
        alive.push(start_counter().await.0);
    }
    let after = settled().await;
    let (bytes, resident) = (after.0 as f64 - before.0 as f64, after.1 as f64 - before.1 as f64);
    let count = alive.len() as f64;
    println!("{{\"count\":{count},\"bytes\":{:.1},\"resident\":{:.1}}}", bytes / count, resident / count);
}

async fn settled() -> (usize, usize) {
    tokio::time::sleep(Duration::from_millis(100)).await;
    (LIVE.load(Relaxed), resident())
}

/// Bytes of RSS, from the second field of /proc/self/statm; 0 where there is no /proc.
fn resident() -> usize {
    let line = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    line.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok()).unwrap_or(0) * 4096
}

// fan-out

struct Receiver;
struct Wave;
#[derive(Default)]
struct Tally {
    count: AtomicUsize,
    awaited: AtomicUsize,
    reached: Notify,
}

impl Actor for Receiver {
    type Msg = Wave;
    type State = Arc<Tally>;
    type Arguments = Arc<Tally>;
    async fn pre_start(&self, _: ActorRef<Wave>, tally: Arc<Tally>) -> Result<Arc<Tally>, ActorProcessingErr> {
        Ok(tally)
    }
    async fn handle(&self, _: ActorRef<Wave>, _: Wave, tally: &mut Arc<Tally>) -> Result<(), ActorProcessingErr> {
        if tally.count.fetch_add(1, Relaxed) + 1 == tally.awaited.load(Relaxed) {
            tally.reached.notify_one();
        }
        Ok(())
    }
}

async fn fan_out(size: usize, times: (Duration, Duration)) {
    let tally = Arc::new(Tally::default());
    let mut receivers = Vec::with_capacity(PROCESSES);
    for _ in 0..PROCESSES {
        receivers.push(Actor::spawn(None, Receiver, tally.clone()).await.expect("a receiver").0);
    }
    let receivers = Arc::new(receivers);
    measure_rate(times, || waves(size, receivers.clone(), tally.clone())).await;
}

async fn waves(size: usize, receivers: Arc<Vec<ActorRef<Wave>>>, tally: Arc<Tally>) -> usize {
    let before = tally.count.load(Relaxed);
    tally.awaited.store(before + size, Relaxed);
    for _ in 0..size / PROCESSES {
        for receiver in receivers.iter() {
            receiver.cast(Wave).expect("a wave");
        }
        tokio::task::yield_now().await;
    }
    tally.reached.notified().await;
    tally.count.load(Relaxed) - before
}

// measuring

async fn measure_rate<B, F>((warm_up, measured): (Duration, Duration), batch: B)
where
    B: Fn() -> F,
    F: std::future::Future<Output = usize>,
{
    repeat(&batch, warm_up).await;
    let (count, elapsed) = repeat(&batch, measured).await;
    println!("{{\"count\":{count},\"seconds\":{:.9}}}", elapsed.as_secs_f64());
}

async fn repeat<B, F>(batch: &B, time: Duration) -> (usize, Duration)
where
    B: Fn() -> F,
    F: std::future::Future<Output = usize>,
{
    let started = Instant::now();
    let mut count = 0;
    loop {
        count += batch().await;
        if started.elapsed() >= time {
            return (count, started.elapsed());
        }
    }
}
