$( The logic of these files, complete: classical natural deduction with equality, for things of
   several sorts. Everything that is taken for granted is an $a statement. There are those
   below, each explained, then the predicates and definitions of the theory, and the
   principles of induction and comprehension that some proof uses. All $p statements are
   proved from these.

   Each sort is a kind of variable: a formula that puts a thing of one sort in the place of
   one of another cannot be written. Sorts have the names that the theory's pages give them:
   P(1) is the sort of the sets of things of sort (1) . A sort may be empty. So a variable may
   stand for a thing of its sort or for nothing, which is no thing but equal to itself; E! x
   says that x is a thing, and what is said of all is said of all things.

   A judgement   |- G => A   says: whatever the variables stand for, if all formulas of the
   list G hold, then A holds. The empty list is {} , and   G , A   is G with one formula more
   at its end. $)

$c wff ctx |- $.
$c => {} , ( ) [ ] $.
$c -> <-> /\ -. A. = E! $.

$v G A B C D $.
f-G $f ctx G $.
f-A $f wff A $.
f-B $f wff B $.
f-C $f wff C $.
f-D $f wff D $.

$( Lists of assumptions. $)
c-nil $a ctx {} $.
c-add $a ctx G , A $.

$( Formulas: if ... then, if and only if, and, not. What is said of all things of a sort, of
   equality and of being a thing follows for each sort. There is no sign for existence: "some x
   has A and B" is written  -. A. x ( A -> -. B ) . $)
w-imp $a wff ( A -> B ) $.
w-iff $a wff ( A <-> B ) $.
w-and $a wff ( A /\ B ) $.
w-not $a wff -. A $.

$( What is assumed last holds. $)
r-hyp $a |- G , A => A $.

$( An assumption more does no harm. $)
${
  r-wk.1 $e |- G => A $.
  r-wk $a |- G , B => A $.
$}

$( What needs no assumption holds under any. $)
${
  r-up.1 $e |- {} => A $.
  r-up $a |- G => A $.
$}

$( If B holds when A is assumed, then: if A then B. $)
${
  r-ii.1 $e |- G , A => B $.
  r-ii $a |- G => ( A -> B ) $.
$}

$( If A then B, and A; so B. $)
${
  r-mp.1 $e |- G => ( A -> B ) $.
  r-mp.2 $e |- G => A $.
  r-mp $a |- G => B $.
$}

$( Both, from each; and each of both. $)
${
  r-ai.1 $e |- G => A $.
  r-ai.2 $e |- G => B $.
  r-ai $a |- G => ( A /\ B ) $.
$}
${
  r-al.1 $e |- G => ( A /\ B ) $.
  r-al $a |- G => A $.
  r-ar $a |- G => B $.
$}

$( What leads to a contradiction does not hold. $)
${
  r-ni.1 $e |- G , A => B $.
  r-ni.2 $e |- G , A => -. B $.
  r-ni $a |- G => -. A $.
$}

$( What cannot be denied holds. This rule alone is classical. $)
${
  r-raa.1 $e |- G , -. A => B $.
  r-raa.2 $e |- G , -. A => -. B $.
  r-raa $a |- G => A $.
$}

$( Equivalents can be put for each other: every formula is equivalent to itself, and formulas
   that are made in the same way from equivalent ones are equivalent. $)
i-refl $a |- G => ( A <-> A ) $.
${
  i-not.1 $e |- G => ( A <-> B ) $.
  i-not $a |- G => ( -. A <-> -. B ) $.
$}
${
  i-two.1 $e |- G => ( A <-> B ) $.
  i-two.2 $e |- G => ( C <-> D ) $.
  i-and $a |- G => ( ( A /\ C ) <-> ( B /\ D ) ) $.
  i-imp $a |- G => ( ( A -> C ) <-> ( B -> D ) ) $.
$}

$( Of two equivalents, if one holds then the other. $)
${
  r-fwd.1 $e |- G => ( A <-> B ) $.
  r-fwd.2 $e |- G => A $.
  r-fwd $a |- G => B $.
$}
${
  r-bwd.1 $e |- G => ( A <-> B ) $.
  r-bwd.2 $e |- G => B $.
  r-bwd $a |- G => A $.
$}
