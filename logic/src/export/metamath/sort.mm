
$( A sort. $)
$c {SORT} $.
$v x{N} y{N} z{N} w{N} $.
f-x{L} $f {SORT} x{N} $.
f-y{L} $f {SORT} y{N} $.
f-z{L} $f {SORT} z{N} $.
f-w{L} $f {SORT} w{N} $.
w-all{L} $a wff A. x{N} A $.
w-equal{L} $a wff x{N} = y{N} $.
w-is{L} $a wff E! x{N} $.

$( If A holds of x, whatever x stands for, or if A holds of x when it is a thing, and nothing
   else is assumed of x, then it holds of all things of the sort. The bound variable gets a name
   of its own: the second premise says that B is A with y in the place of x, since both agree
   when x is y, while A is not about y and B is not about x. $)
${
  $d x{N} y{N} $.  $d x{N} G $.  $d x{N} B $.  $d y{N} A $.
  r-gen{L}.2 $e |- {} , x{N} = y{N} => ( A <-> B ) $.
  ${
    r-gen{L}.1 $e |- G => A $.
    r-gen{L} $a |- G => A. y{N} B $.
  $}
  r-all{L}.1 $e |- G , E! x{N} => A $.
  r-all{L} $a |- G => A. y{N} B $.
$}

$( What holds of all holds of y if y is a thing. As before, B is A with y in the place of x. $)
${
  $d x{N} y{N} $.  $d x{N} B $.
  r-spec{L}.1 $e |- G => A. x{N} A $.
  r-spec{L}.2 $e |- {} , x{N} = y{N} => ( A <-> B ) $.
  r-spec{L}.3 $e |- G => E! y{N} $.
  r-spec{L} $a |- G => B $.
$}

$( Everything equals itself, and equals can be put for each other in an equation. Of each other
   predicate the latter is said where it is declared. $)
r-refl{L} $a |- G => x{N} = x{N} $.
${
  e-equal{L}.1 $e |- G => x{N} = z{N} $.
  e-equal{L}.2 $e |- G => y{N} = w{N} $.
  e-equal{L} $a |- G => ( x{N} = y{N} <-> z{N} = w{N} ) $.
$}

$( Formulas about all are equivalent if what they say is. $)
${
  $d x{N} G $.
  i-all{L}.1 $e |- G => ( A <-> B ) $.
  i-all{L} $a |- G => ( A. x{N} A <-> A. x{N} B ) $.
$}
