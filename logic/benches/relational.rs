//! The cost of stating a law as a relation instead of an equation.
//!
//! Eleven laws of arithmetic, each stated once with all its values as premises and an atom as its conclusion
//! (`a + b = c` gives `b + a = c`), and once with an equation as its conclusion (`a + b = c` and `b + a = d` give
//! `c = d`). Each is proved from the axioms and the laws above it; nothing is generated. A third column shows the
//! relational goals over a theory in which the operations cannot be recognised as functions, since the axiom that gives
//! their domains is left out: their values are then created by existence rules and compared by rules, as in a prover
//! without functions.
//!
//! The cost of a law includes every attempt at it, failed ones too, with checking and compiling it to a rule; the best
//! of the runs. `cargo bench -p theoremata-logic --bench relational`. Times are CPU milliseconds of the single thread.

use std::mem::discriminant;
use std::sync::Arc;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use theoremata_logic::calculus::theory::Theory;
use theoremata_logic::language::mpl;
use theoremata_logic::search::attempt::solve;
use theoremata_logic::search::explore::{Conjecture, Exploration, Fate, Options, Task};

const RUNS: usize = 5;
/// The largest acceptable cost of a relational goal, relative to its equational twin.
const MOST: f64 = 10.0;

/// A law's name, its relational form, and its twin.
type Law = (&'static str, &'static str, &'static str);

const LAWS: [Law; 11] = [
    ("0 + x = x", "(>[x] (in[x,N]) (in3[0,x,x,+]))", "(>[x,y] (in3[0,x,y,+]) (=[y,x]))"),
    (
        "s(x) + y = s(x + y)",
        "(>[x,y,z,u,v] (& (in3[x,y,z,+]) (& (in2[x,u,s]) (in2[z,v,s]))) (in3[u,y,v,+]))",
        "(>[x,y,z,u,v,w] (& (in3[x,y,z,+]) (& (in2[x,u,s]) (& (in2[z,v,s]) (in3[u,y,w,+])))) (=[w,v]))",
    ),
    (
        "x + y = y + x",
        "(>[x,y,z] (in3[x,y,z,+]) (in3[y,x,z,+]))",
        "(>[x,y,z,w] (& (in3[x,y,z,+]) (in3[y,x,w,+])) (=[z,w]))",
    ),
    (
        "(x + y) + z = x + (y + z)",
        "(>[x,y,z,u,v,w] (& (in3[x,y,u,+]) (& (in3[u,z,v,+]) (in3[y,z,w,+]))) (in3[x,w,v,+]))",
        "(>[x,y,z,u,v,w,t] (& (in3[x,y,u,+]) (& (in3[u,z,v,+]) (& (in3[y,z,w,+]) (in3[x,w,t,+])))) (=[v,t]))",
    ),
    ("0 · x = 0", "(>[x] (in[x,N]) (in3[0,x,0,*]))", "(>[x,y] (in3[0,x,y,*]) (=[y,0]))"),
    (
        "s(x) · y = x · y + y",
        "(>[x,y,z,u,v] (& (in3[x,y,z,*]) (& (in2[x,u,s]) (in3[z,y,v,+]))) (in3[u,y,v,*]))",
        "(>[x,y,z,u,v,w] (& (in3[x,y,z,*]) (& (in2[x,u,s]) (& (in3[z,y,v,+]) (in3[u,y,w,*])))) (=[w,v]))",
    ),
    (
        "x · y = y · x",
        "(>[x,y,z] (in3[x,y,z,*]) (in3[y,x,z,*]))",
        "(>[x,y,z,w] (& (in3[x,y,z,*]) (in3[y,x,w,*])) (=[z,w]))",
    ),
    (
        "x · (y + z) = x · y + x · z",
        "(>[x,y,z,u,v,w,t] (& (in3[y,z,u,+]) (& (in3[x,y,v,*]) (& (in3[x,z,w,*]) (in3[v,w,t,+])))) (in3[x,u,t,*]))",
        "(>[x,y,z,u,v,w,t,r] (& (in3[y,z,u,+]) (& (in3[x,y,v,*]) (& (in3[x,z,w,*]) (& (in3[v,w,t,+]) (in3[x,u,r,*]))))) (=[r,t]))",
    ),
    (
        "(x + y) · z = x · z + y · z",
        "(>[x,y,z,u,v,w,t] (& (in3[x,y,u,+]) (& (in3[x,z,v,*]) (& (in3[y,z,w,*]) (in3[v,w,t,+])))) (in3[u,z,t,*]))",
        "(>[x,y,z,u,v,w,t,r] (& (in3[x,y,u,+]) (& (in3[x,z,v,*]) (& (in3[y,z,w,*]) (& (in3[v,w,t,+]) (in3[u,z,r,*]))))) (=[r,t]))",
    ),
    (
        "(x · y) · z = x · (y · z)",
        "(>[x,y,z,u,v,w] (& (in3[x,y,u,*]) (& (in3[u,z,v,*]) (in3[y,z,w,*]))) (in3[x,w,v,*]))",
        "(>[x,y,z,u,v,w,t] (& (in3[x,y,u,*]) (& (in3[u,z,v,*]) (& (in3[y,z,w,*]) (in3[x,w,t,*])))) (=[v,t]))",
    ),
    (
        "(x + y) + z = (x + z) + y",
        "(>[x,y,z,u,v,w] (& (in3[x,y,u,+]) (& (in3[u,z,v,+]) (in3[x,z,w,+]))) (in3[w,y,v,+]))",
        "(>[x,y,z,u,v,w,t] (& (in3[x,y,u,+]) (& (in3[u,z,v,+]) (& (in3[x,z,w,+]) (in3[w,y,t,+])))) (=[v,t]))",
    ),
];

/// Arithmetic; `typing`: with the axiom that the operations' arguments and values are numbers.
fn arithmetic(typing: bool) -> Arc<Theory> {
    let operation = |name: &str| {
        let typing = if typing {
            format!("(>[x,y,z] (in3[x,y,z,{name}]) (& (in[x,N]) (in[y,N]) (in[z,N])))")
        } else {
            String::new()
        };
        format!(
            "{typing}
             (>[x,y] (& (in[x,N]) (in[y,N])) !(>[z] (in[z,N]) !(in3[x,y,z,{name}])))
             (>[x,y,z,w] (& (in3[x,y,z,{name}]) (in3[x,y,w,{name}])) (=[z,w]))"
        )
    };
    let text = format!(
        "(define Numbers[N,0,s,+,*] (&
            (in[0,N])
            (>[x,y] (in2[x,y,s]) (& (in[x,N]) (in[y,N])))
            (>[x] (in[x,N]) !(>[y] (in[y,N]) !(in2[x,y,s])))
            (>[x,y,z] (& (in2[x,y,s]) (in2[x,z,s])) (=[y,z]))
            {sum}
            (>[x] (in[x,N]) (in3[x,0,x,+]))
            (>[x,y,z,u,v] (& (in3[x,y,z,+]) (& (in2[y,u,s]) (in2[z,v,s]))) (in3[x,u,v,+]))
            {product}
            (>[x] (in[x,N]) (in3[x,0,0,*]))
            (>[x,y,z,u,v] (& (in3[x,y,z,*]) (& (in2[y,u,s]) (in3[z,x,v,+]))) (in3[x,u,v,*]))))
         (generated \"induction\" Numbers[N,0,s,+,*] N 0 s[N])
         (theory Arithmetic[N,0,s,+,*] (Numbers[N,0,s,+,*]))",
        sum = operation("+"),
        product = operation("*"),
    );
    let read = mpl::read_mpl("arithmetic.mpl", text.as_bytes(), &mut |_| Err("no imports".into()));
    Arc::new(read.unwrap_or_else(|errors| panic!("{errors:?}")).0)
}

/// A law with membership premises for all of its variables, needed where no axiom implies them.
fn of_numbers(law: &str) -> String {
    let (binders, rest) = law.strip_prefix("(>[").and_then(|law| law.split_once("] ")).expect("a law binds");
    let numbers: Vec<String> = binders.split(',').map(|variable| format!("(in[{variable},N])")).collect();
    match &numbers[..] {
        [_] => law.to_owned(),
        numbers => format!("(>[{binders}] (& {}) (>[] {rest})", numbers.join(" ")),
    }
}

/// CPU time of each law in milliseconds; `None` for open ones.
fn prove(theory: &Arc<Theory>, statement: impl Fn(&Law) -> String) -> Vec<Option<f64>> {
    let text: String = LAWS.iter().map(|law| format!("{}\n", statement(law))).collect();
    let (goals, report) = mpl::read_goals(theory, text.as_bytes(), "laws");
    assert_eq!(goals.len(), LAWS.len(), "{report:?}");
    let options = Options { generate: false, window: 1, lemmas: 0, last_effort: None, ..Options::default() };
    let mut exploration = Exploration::new(theory.clone(), &goals, options);
    let mut spent = vec![Duration::ZERO; LAWS.len()];
    let mut prepared = false;
    loop {
        let start = cpu();
        let before: Vec<_> = exploration.conjectures.iter().map(|law| discriminant(&law.fate)).collect();
        match exploration.next() {
            Task::Prepare if !prepared => prepared = exploration.prepare(&mut || true),
            // The next step would generate conjectures.
            Task::Prepare | Task::Ask | Task::Finished => break,
            Task::Solve(blocks) => {
                let (verdicts, steps): (Vec<_>, Vec<u64>) = blocks.into_iter().map(solve).unzip();
                exploration.commit(verdicts, 1, steps.iter().sum());
                let fates = exploration.conjectures.iter().map(|law| discriminant(&law.fate));
                let open = |law: &Conjecture| matches!(law.fate, Fate::Open(_));
                // Repeated failure leaves no trace; it is attributed to the first open law.
                let tried = fates.zip(&before).position(|(now, before)| now != *before);
                let tried = tried.or_else(|| exploration.conjectures.iter().position(open));
                if let Some(spent) = tried.and_then(|place| spent.get_mut(place)) {
                    *spent += cpu() - start;
                }
            }
        }
    }
    let proved = |place: usize| matches!(exploration.conjectures[place].fate, Fate::Proved(_));
    let figures = spent.iter().enumerate();
    figures.map(|(place, spent)| proved(place).then_some(spent.as_secs_f64() * 1e3)).collect()
}

/// The best of some runs for each law.
fn best(mut run: impl FnMut() -> Vec<Option<f64>>) -> Vec<Option<f64>> {
    let first = run();
    (1..RUNS).fold(first, |best, _| {
        let less = |(one, other): (Option<f64>, Option<f64>)| one.zip(other).map(|(one, other)| one.min(other));
        best.into_iter().zip(run()).map(less).collect()
    })
}

/// CPU time of this thread.
fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs() as u32)
}

fn main() {
    let functions = arithmetic(true);
    let relations = arithmetic(false);
    let relational = best(|| prove(&functions, |law| law.1.to_owned()));
    let functional = best(|| prove(&functions, |law| law.2.to_owned()));
    let plain = best(|| prove(&relations, |law| of_numbers(law.1)));
    let shown = |figure: Option<f64>| figure.map_or_else(|| "open".into(), |figure| format!("{figure:.2}"));
    println!("{:32} {:>10} {:>10} {:>6} {:>15}", "CPU ms", "relational", "functional", "ratio", "not recognised");
    let mut worst: f64 = 0.0;
    for (place, law) in LAWS.iter().enumerate() {
        let ratio = relational[place].zip(functional[place]).map(|(one, other)| one / other);
        worst = worst.max(ratio.unwrap_or(f64::INFINITY));
        let (one, other, third) = (shown(relational[place]), shown(functional[place]), shown(plain[place]));
        println!("{:32} {one:>10} {other:>10} {:>6} {third:>15}", law.0, shown(ratio));
    }
    let verdict = if worst <= MOST { "kept" } else { "MISSED" };
    println!("limit: a relational goal costs at most {MOST} times its twin; the worst here {worst:.2}: {verdict}");
}
