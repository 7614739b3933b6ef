; The theory of lists.mpl in the language of ACL2, and behind it the goals of lists.goals, one a line.
(defun natlikep (x) (if (consp x) (and (equal (car x) nil) (natlikep (cdr x))) (equal x nil)))
(defun sz (x) (cons nil x))
(defun plus (x y) (if (consp y) (sz (plus x (cdr y))) x))
(defun times (x y) (if (consp y) (plus (times x (cdr y)) x) nil))
(defun app (x y) (if (consp x) (cons (car x) (app (cdr x) y)) y))
(defun rev (x) (if (consp x) (app (rev (cdr x)) (cons (car x) nil)) nil))
(defun size (x) (if (consp x) (sz (size (cdr x))) nil))
(defun qrev (x y) (if (consp x) (qrev (cdr x) (cons (car x) y)) y))
(defun snoc (x a) (if (consp x) (cons (car x) (snoc (cdr x) a)) (cons a nil)))
(defun takel (n x) (if (consp n) (if (consp x) (cons (car x) (takel (cdr n) (cdr x))) nil) nil))
(defun dropl (n x) (if (consp n) (if (consp x) (dropl (cdr n) (cdr x)) nil) x))
(defstub ff (a) t)
(defun lmap (x) (if (consp x) (cons (ff (car x)) (lmap (cdr x))) nil))
; lists-01
(thm (implies (and (true-listp x)) (equal (app x nil) x)))
; lists-02
(thm (implies (and (true-listp x) (true-listp y) (true-listp z)) (equal (app (app x y) z) (app x (app y z)))))
; lists-03
(thm (implies (and (true-listp x) (true-listp y)) (equal (rev (app x y)) (app (rev y) (rev x)))))
; lists-04
(thm (implies (and (true-listp x)) (equal (rev (rev x)) x)))
; lists-05
(thm (implies (and (true-listp x) (true-listp y)) (equal (size (app x y)) (plus (size x) (size y)))))
; lists-06
(thm (implies (and (true-listp x) (true-listp y)) (equal (size (app x y)) (size (app y x)))))
; lists-07
(thm (implies (and (true-listp x)) (equal (size (rev x)) (size x))))
; lists-08
(thm (implies (and (true-listp x)) (equal (qrev x nil) (rev x))))
; lists-09
(thm (implies (and (true-listp x) (true-listp y)) (equal (qrev x y) (app (rev x) y))))
; lists-10
(thm (implies (and (true-listp x)) (equal (qrev (qrev x nil) nil) x)))
; lists-11
(thm (implies (and (true-listp x) (true-listp y)) (equal (size (qrev x y)) (plus (size x) (size y)))))
; lists-12
(thm (implies (and (true-listp x)) (equal (snoc x a) (app x (cons a nil)))))
; lists-13
(thm (implies (and (true-listp x)) (equal (rev (snoc x a)) (cons a (rev x)))))
; lists-14
(thm (implies (and (true-listp x)) (equal (size (snoc x a)) (sz (size x)))))
; lists-15
(thm (implies (and (true-listp x) (true-listp y)) (equal (snoc (app x y) a) (app x (snoc y a)))))
; lists-16
(thm (implies (and (natlikep n) (true-listp x)) (equal (app (takel n x) (dropl n x)) x)))
; lists-17
(thm (implies (and (true-listp x)) (equal (takel (size x) x) x)))
; lists-18
(thm (implies (and (true-listp x)) (equal (dropl (size x) x) nil)))
; lists-19
(thm (implies (and (true-listp x) (true-listp y)) (equal (takel (size x) (app x y)) x)))
; lists-20
(thm (implies (and (true-listp x) (true-listp y)) (equal (dropl (size x) (app x y)) y)))
; lists-21
(thm (implies (and (natlikep n) (natlikep m) (true-listp x)) (equal (dropl n (dropl m x)) (dropl (plus m n) x))))
; lists-22
(thm (implies (and (true-listp x) (true-listp y)) (equal (lmap (app x y)) (app (lmap x) (lmap y)))))
; lists-23
(thm (implies (and (true-listp x)) (equal (lmap (rev x)) (rev (lmap x)))))
; lists-24
(thm (implies (and (true-listp x)) (equal (size (lmap x)) (size x))))
; lists-25
(thm (implies (and (natlikep n) (true-listp x)) (equal (lmap (takel n x)) (takel n (lmap x)))))
; lists-26
(thm (implies (and (natlikep n) (true-listp x)) (equal (lmap (dropl n x)) (dropl n (lmap x)))))
; lists-27
(thm (implies (and (true-listp x) (true-listp y) (true-listp z) (equal (app x y) (app x z))) (equal y z)))
; lists-28
(thm (implies (and (true-listp x) (true-listp y) (equal (rev x) (rev y))) (equal x y)))
; lists-29
(thm (implies (and (natlikep n) (true-listp x)) (equal (takel n (takel n x)) (takel n x))))
; lists-30
(thm (implies (and (true-listp x)) (equal (lmap (snoc x a)) (snoc (lmap x) (ff a)))))
