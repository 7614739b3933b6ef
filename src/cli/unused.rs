//! Options without effect, which are refused because their user expects one.

use clap::ArgMatches;
use clap::parser::ValueSource;

/// Why a given option has no effect with the other arguments, if there is one.
pub(super) fn option_without_effect(matches: &ArgMatches) -> Option<String> {
    let (name, matches) = matches.subcommand()?;
    let given = |option: &str| {
        let known = matches.try_contains_id(option).is_ok();
        known && matches.value_source(option) == Some(ValueSource::CommandLine)
    };
    let shown = |option: &str| format!("--{}", option.replace('_', "-"));
    match name {
        "show" if given("site") && !given("run") => {
            Some("--site writes the pages of one run: name the run as well".to_owned())
        }
        "export-problem" if given("db") && !given("lemmas") => {
            Some("--db has no effect without --lemmas RUN: nothing else is read from a database".to_owned())
        }
        "generate" => {
            let cuts = ["top_k", "top_p", "min_p"].into_iter().find(|option| given(option));
            let warm = matches.get_one::<f32>("temperature").is_some_and(|temperature| *temperature > 0.0);
            match cuts {
                Some(option) if !warm => {
                    let option = shown(option);
                    Some(format!("{option} has no effect at temperature 0, which takes the most likely token"))
                }
                _ if given("pick") && !given("paths") => {
                    Some("--pick chooses among several paths: give --paths N as well".to_owned())
                }
                _ => None,
            }
        }
        "reason" => {
            let program = matches.get_raw("program").and_then(|mut named| Some(named.next()?.to_string_lossy()));
            let program = program.map_or("--program".to_owned(), |named| named.into_owned());
            let idle = OF_PROGRAMS.iter().find(|(option, programs)| given(option) && !programs.contains(&&*program));
            if let Some((option, programs)) = idle {
                let programs = programs.join(", ");
                return Some(format!("{} has no effect with {program}: it belongs to {programs}", shown(option)));
            }
            let server = given("server");
            let local = ["workers", "threads", "kv_memory", "speculate"].into_iter().find(|option| given(option));
            local.filter(|_| server).map(|option| {
                format!("{} has no effect with --server: it is about the work that is done here", shown(option))
            })
        }
        _ => None,
    }
}

/// Options of `reason`, with the programs that they belong to.
const OF_PROGRAMS: &[(&str, &[&str])] = &[
    ("last", &["map"]),
    ("samples", &["vote", "first", "best"]),
    ("score", &["vote", "best"]),
    ("tools", &["tasks", "--program"]),
    ("theory", &["tasks", "first", "vote", "--program"]),
    ("judge", &["first"]),
    ("equivalent", &["vote"]),
    ("tool_calls", &["tasks", "--program"]),
    ("recall", &["tasks"]),
    ("least", &["vote"]),
    ("pattern", &["vote", "first"]),
    ("check", &["first"]),
    ("depth", &["decompose", "tags", "tasks"]),
    ("width", &["decompose", "tags", "tasks"]),
    ("view", &["tags"]),
    ("keep", &["tasks"]),
    ("splice", &["tasks"]),
    ("in_branches", &["tasks"]),
    ("characters", &["tags", "tasks"]),
    ("sum", &["score"]),
];
