//! The codes of all diagnostics. `docs/mpl.md` has an example and a fix for each.

use std::fmt;

/// The code of a diagnostic: a letter for its kind (`E` error, `W` warning, `N` note) and a number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Code(&'static str);

impl Code {
    /// The code as it is shown, for example `E0101`.
    #[must_use]
    pub fn text(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

macro_rules! codes {
    ($($name:ident $code:literal $summary:literal)*) => {
        $(#[doc = $summary] pub const $name: Code = Code($code);)*
        /// Every code with its summary, in order.
        pub const ALL: &[(Code, &str)] = &[$(($name, $summary)),*];
    };
}

codes! {
    NOT_TEXT "E0101" "the file is not UTF-8 text"
    TOO_LARGE "E0102" "the file is larger than the bound"
    EMPTY "E0103" "the file holds nothing to read"
    TOO_DEEP "E0104" "the nesting is deeper than the bound"
    BAD_CHARACTER "E0105" "a control or invisible character"
    OPEN_STRING "E0106" "a string is not closed"
    UNCLOSED "E0107" "a parenthesis or bracket is not closed"
    UNOPENED "E0108" "a closing parenthesis or bracket that nothing opened"
    TRAILING "E0109" "text after the formula"
    EXPECTED_FORMULA "E0110" "a formula is expected"
    BAD_LIST "E0111" "a list of names is malformed"
    SHORT_CONJUNCTION "E0112" "`&` joins at least two formulas"
    NO_BINDER "E0113" "`>` must be followed by its list of variables"
    NOT_TWO "E0114" "an implication has one premise and one conclusion"
    NO_ARGUMENTS "E0115" "a predicate must be followed by its arguments"
    TOO_MANY_NAMES "E0116" "a list has more names than the bound"
    NAME_TOO_LONG "E0117" "a name is longer than the bound"
    SHORT_DISJUNCTION "E0118" "`or` joins at least two formulas"
    NO_WITNESS "E0119" "`exists` must be followed by its variables"
    SHORT_EXISTENCE "E0120" "`exists` says at least two things of its variables"
    NOT_TWO_SIDES "E0121" "an equivalence has two sides"
    UNKNOWN_PREDICATE "E0201" "an unknown predicate"
    WRONG_ARITY "E0202" "a wrong number of arguments"
    UNBOUND "E0203" "a variable that nothing binds"
    SHADOWING "E0204" "a binder takes a name that is in use"
    REPEATED_NAME "E0205" "a name stands twice in one list"
    DEFINED_TWICE "E0206" "a name is defined twice"
    RECURSIVE "E0207" "a definition uses itself"
    SORT_CLASH "E0301" "a variable is used in two sorts"
    SORT_LOOP "E0302" "a set would have to be an element of itself"
    SORT_TOO_LARGE "E0303" "a sort is larger than the bound"
    UNKNOWN_FORM "E0401" "an unknown form"
    BAD_FORM "E0402" "a form is malformed"
    OPEN_SORT "E0304" "nothing says what a variable of a definition ranges over"
    NO_IMPORT "E0403" "an import cannot be read"
    IMPORT_CYCLE "E0404" "files import each other"
    NO_THEORY "E0405" "the file has no theory"
    TWO_THEORIES "E0406" "more than one theory"
    BAD_GENERATED "E0407" "a `generated` form does not fit its structure"
    BAD_NOTATION "E0408" "a `notation` form does not fit its atom"
    BAD_BOUNDS "E0409" "a `bounds` form has an entry that is not understood"
    NOTHING_TO_USE "E0410" "a `use` form that brings nothing in"
    BAD_JSON "E0501" "the configuration is not JSON"
    MISSING_KEY "E0502" "a key of the configuration is missing"
    WRONG_TYPE "E0503" "a value of the configuration has the wrong type"
    OUT_OF_RANGE "E0504" "a number of the configuration is out of range"
    ARITY_DISAGREES "E0505" "the configuration disagrees with itself about a predicate"
    BAD_SORT "E0506" "a sort of the configuration is malformed"
    DECLARED_CLASH "E0507" "a declared sort is not the one that the definition has"
    NO_FILE "E0508" "a definition file is missing"
    NO_ANCHOR "E0509" "the anchor cannot be found"
    ANCHOR_ARGUMENTS "E0601" "the anchor's arguments in a goal are not different variables"
    LOST_BINDER "E0602" "a goal binds a variable at the anchor and uses it without a premise"
    GOAL_TWICE "E0603" "two goals have one name"
    UNKNOWN_KEY "W0501" "an unknown key of the configuration"
    REPEATED_KEY "W0502" "a key of the configuration stands twice"
    UNUSED_DEFINITION "W0701" "a definition that nothing uses"
    UNUSED_PARAMETER "W0702" "a parameter that the definition does not use"
    UNUSED_IMPORT "W0703" "an import of which nothing is used"
    DOUBLE_NEGATION "W0704" "a double negation"
    UNUSED_VARIABLE "W0705" "a binder names a variable that is not used"
    LATE_VARIABLE "W0706" "a variable is bound before the premise that first uses it"
    MISREAD "W0707" "a shape that other readers of the format take for something else"
    REPEATED_PART "W0708" "a premise or conjunct stands twice"
    TRIVIAL "W0709" "an implication whose conclusion is one of its premises"
    SIGN_TWICE "W0710" "one sign for two things"
    TWO_NOTATIONS "W0711" "two notations for one atom"
    LOOK_ALIKE "W0712" "a name that looks like another"
    KEYS_WITHOUT_MEANING "N0501" "keys of the configuration that have no meaning here"
    FILES_IGNORED "N0502" "definition files that the configuration does not name"
    INDUCTION_ADDED "N0503" "an induction principle was added by the reader"
    UNSET_LIMIT "N0504" "limits of -1 are taken as not set"
    INCUBATOR "N0505" "the configuration asks for what is not done here"
    MORE_ERRORS "N0101" "more errors than are shown"
}
