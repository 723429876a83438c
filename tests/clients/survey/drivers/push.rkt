#lang racket/base
;; Pushes once with Racket's net/url: LIBRARY METHOD URL BODY FILE. BODY says how the content of FILE is
;; given to it. Prints the status or the error that its caller sees.
(require net/url racket/file racket/match racket/vector)

(match (current-command-line-arguments)
  [(vector _ method url _ path _ ...)
   (define body (file->bytes path))
   (define-values (status headers in)
     (http-sendrecv/url (string->url url) #:method method #:data body #:headers '("Content-Type: text/plain")))
   (printf "status ~a\n" (cadr (regexp-match #rx"^HTTP/1.1 ([0-9]+)" status)))])
