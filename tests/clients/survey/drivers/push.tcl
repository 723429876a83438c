# Pushes once with Tcl's http: LIBRARY METHOD URL BODY FILE. BODY says how the content of FILE is given to
# it. Prints the status or the error that its caller sees.
package require http
lassign $argv library method url kind path
set file [open $path rb]
set body [expr {$kind eq "file" ? [list -querychannel $file] : [list -query [read $file]]}]
if {[catch {::http::geturl $url -method $method -type text/plain {*}$body} token]} {
  puts "error $token"
} else {
  puts "status [::http::ncode $token]"
}
