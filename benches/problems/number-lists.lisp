; The theory of number-lists.mpl in the language of ACL2, and behind it the goals of number-lists.goals, one a line.
(defun natlikep (x) (if (consp x) (and (equal (car x) nil) (natlikep (cdr x))) (equal x nil)))
(defun sz (x) (cons nil x))
(defun plus (x y) (if (consp y) (sz (plus x (cdr y))) x))
(defun times (x y) (if (consp y) (plus (times x (cdr y)) x) nil))
(defun app (x y) (if (consp x) (cons (car x) (app (cdr x) y)) y))
(defun rev (x) (if (consp x) (app (rev (cdr x)) (cons (car x) nil)) nil))
(defun size (x) (if (consp x) (sz (size (cdr x))) nil))
(defun sum (x) (if (consp x) (plus (car x) (sum (cdr x))) nil))
(defun prod (x) (if (consp x) (times (car x) (prod (cdr x))) (sz nil)))
(defun inc (x) (if (consp x) (cons (sz (car x)) (inc (cdr x))) nil))
(defun scale (k x) (if (consp x) (cons (times k (car x)) (scale k (cdr x))) nil))
(defun rep (k n) (if (consp k) (cons n (rep (cdr k) n)) nil))
(defun natlistp (x) (if (consp x) (and (natlikep (car x)) (natlistp (cdr x))) (equal x nil)))
; number-lists-01
(thm (implies (and (natlistp x) (natlistp y)) (equal (sum (app x y)) (plus (sum x) (sum y)))))
; number-lists-02
(thm (implies (and (natlistp x) (natlistp y)) (equal (sum (app x y)) (sum (app y x)))))
; number-lists-03
(thm (implies (and (natlistp x)) (equal (sum (rev x)) (sum x))))
; number-lists-04
(thm (implies (and (natlistp x) (natlistp y)) (equal (prod (app x y)) (times (prod x) (prod y)))))
; number-lists-05
(thm (implies (and (natlistp x)) (equal (prod (rev x)) (prod x))))
; number-lists-06
(thm (implies (and (natlistp x)) (equal (size (inc x)) (size x))))
; number-lists-07
(thm (implies (and (natlistp x)) (equal (sum (inc x)) (plus (sum x) (size x)))))
; number-lists-08
(thm (implies (and (natlistp x) (natlistp y)) (equal (inc (app x y)) (app (inc x) (inc y)))))
; number-lists-09
(thm (implies (and (natlistp x)) (equal (inc (rev x)) (rev (inc x)))))
; number-lists-10
(thm (implies (and (natlikep k) (natlistp x)) (equal (sum (scale k x)) (times k (sum x)))))
; number-lists-11
(thm (implies (and (natlikep k) (natlistp x) (natlistp y)) (equal (scale k (app x y)) (app (scale k x) (scale k y)))))
; number-lists-12
(thm (implies (and (natlikep k) (natlikep n) (natlistp x)) (equal (scale k (scale n x)) (scale (times k n) x))))
; number-lists-13
(thm (implies (and (natlikep k) (natlikep n)) (equal (size (rep k n)) k)))
; number-lists-14
(thm (implies (and (natlikep k) (natlikep n)) (equal (sum (rep k n)) (times k n))))
; number-lists-15
(thm (implies (and (natlikep k) (natlikep m) (natlikep n)) (equal (rep (plus k m) n) (app (rep m n) (rep k n)))))
; number-lists-16
(thm (implies (and (natlikep k) (natlikep n)) (equal (rev (rep k n)) (rep k n))))
; number-lists-17
(thm (implies (and (natlikep k) (natlikep n)) (equal (inc (rep k n)) (rep k (sz n)))))
