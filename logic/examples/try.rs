use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
struct Instant(u64);
fn cpu() -> u64 {
    std::fs::read_to_string("/proc/self/schedstat").unwrap().split(' ').next().unwrap().parse().unwrap()
}
impl Instant {
    fn now() -> Self {
        Instant(cpu())
    }
    fn elapsed(&self) -> Duration {
        Duration::from_nanos(cpu() - self.0)
    }
}
use theoremata_logic::language::mpl::*;
use theoremata_logic::search::attempt::solve;
use theoremata_logic::search::explore::*;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let file = Path::new(&args[1]);
    let folder = file.parent().unwrap().to_path_buf();
    let text = std::fs::read(file).unwrap();
    let (theory, _) = read_mpl("t", &text, &mut |p| std::fs::read(folder.join(p)).map_err(|e| e.to_string()))
        .unwrap_or_else(|r| panic!("{}", r.render(false)));
    let goals = match args.get(2).map(String::as_str) {
        Some("-") | None => vec![],
        Some(g) => {
            let (goals, r) = read_goals(&theory, &std::fs::read(g).unwrap(), "g");
            if goals.is_empty() {
                panic!("{}", r.render(false));
            }
            goals
        }
    };
    let filter = args.get(3).cloned().unwrap_or_default();
    let seconds: f64 = args.get(4).map_or(10.0, |s| s.parse().unwrap());
    let goals: Vec<_> = goals.into_iter().filter(|g| g.label.contains(&filter)).collect();
    let generate = goals.is_empty();
    let start = Instant::now();
    let rival = std::env::var("A").ok().map(|a| match &*a {
        "random" => theoremata_logic::advisors::Rival::Drawn(theoremata_logic::advisors::Guide::random(0)),
        "generalise" => theoremata_logic::advisors::Rival::Generalise,
        _ => theoremata_logic::advisors::Rival::Overlap(theoremata_logic::advisors::Chooser::MinHash),
    });
    let advice = rival.as_ref().map(|_| Advice {
        questions: 64,
        proposals: std::env::var("N").map_or(16, |n| n.parse().unwrap()),
        ..Advice::DEFAULT
    });
    let mut e = Exploration::new(Arc::new(theory), &goals, Options { generate, advice, ..Options::default() });
    let mut queries = vec![];
    let calls = std::cell::Cell::new(0u64);
    let mut go = || {
        calls.set(calls.get() + 1);
        start.elapsed().as_secs_f64() < seconds
    };
    let verbose = std::env::var("V").is_ok();
    loop {
        if start.elapsed().as_secs_f64() > seconds {
            println!("TIME");
            break;
        }
        match e.next() {
            Task::Prepare => {
                if !e.prepare(&mut go) {
                    println!("TIME in prepare {} calls", calls.get());
                    break;
                }
                if verbose {
                    println!(
                        "{} calls prepared {:?} conjectures {}",
                        calls.get(),
                        start.elapsed(),
                        e.conjectures.len()
                    );
                }
            }
            Task::Finished => break,
            Task::Ask => {
                queries.extend(e.queries());
                let answers = std::mem::take(&mut queries).iter().map(|q| rival.as_ref().unwrap().answer(q)).collect();
                e.advise(answers);
            }
            Task::Solve(blocks) => {
                let n = blocks.len() as u64;
                let mut steps = 0;
                let verdicts = blocks
                    .into_iter()
                    .map(|b| {
                        let t = Instant::now();
                        let (v, s) = solve(b);
                        steps += s;
                        if verbose {
                            println!(
                                "   block {s} steps {:?} {}",
                                t.elapsed(),
                                matches!(v, theoremata_logic::search::attempt::Verdict::Proved(_))
                            );
                        }
                        v
                    })
                    .collect();
                let t = e.commit(verdicts, n, steps);
                if verbose {
                    println!(
                        "round {} blocks {n} steps {steps} theorems {} at {:?}",
                        e.round(),
                        t.len(),
                        start.elapsed()
                    );
                }
            }
        }
    }
    for a in e.asked() {
        println!("{:?} {:?}", a.topic, a.about);
        for (p, r) in a.answer.iter().flatten() {
            let more = match r {
                Received::Conjecture(c) => format!(
                    "{} {:?}",
                    e.reading().statement(&e.conjectures[*c].statement),
                    matches!(e.conjectures[*c].fate, Fate::Proved(_))
                ),
                _ => String::new(),
            };
            println!("    {p:?} {r:?} {more}");
        }
    }
    for c in &e.conjectures {
        if let Origin::Goal(g) = &c.origin {
            let s = match &c.fate {
                Fate::Proved(id) => format!("PROVED {} steps", e.theorems[id.0 as usize].checked.proof().steps.len()),
                Fate::Refuted(..) => "refuted".into(),
                Fate::Open(o) => format!(
                    "OPEN {:?} {}",
                    o.ended,
                    if verbose { format!("{:?}", o.inductions) } else { String::new() }
                ),
                Fate::Waiting => "WAITING".into(),
                Fate::Unsupported(r) => format!("UNSUPPORTED {r}"),
            };
            println!("{:40} {s}", g.label);
        }
    }
    if std::env::var("L").is_ok() {
        let i = e.interest();
        for place in i.laws.iter().take(std::env::var("L").unwrap().parse().unwrap()) {
            println!(
                "  {}  [{}]",
                e.reading().statement(e.theorems[*place].checked.statement()),
                i.listed[*place].name.clone().unwrap_or_default()
            );
        }
        for c in &e.conjectures {
            if let Fate::Open(o) = &c.fate {
                println!("  open {} {:?}", e.reading().statement(&c.statement), o.ended);
            }
        }
        for m in e.models.iter().take(2) {
            println!("model {} {:?}", m.origin, m.domains.iter().map(|d| d.size).collect::<Vec<_>>());
        }
    }
    let c = e.counts();
    println!(
        "{:?} theorems {} built {} refuted {} open {} time {:?}",
        e.round(),
        e.theorems.len(),
        c.built,
        c.refuted,
        c.open,
        start.elapsed()
    );
}
