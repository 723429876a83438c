# Pushes once with a library: LIBRARY METHOD URL BODY FILE. BODY says how the content of FILE is given to
# the library. Prints the status or the error that its caller sees.
args <- commandArgs(trailingOnly = TRUE)
method <- args[2]
url <- args[3]
kind <- args[4]
path <- args[5]
text <- readChar(path, file.size(path))

libraries <- list(
  httr = function() {
    body <- if (kind == "file") httr::upload_file(path) else text
    httr::status_code(httr::VERB(method, url, body = body))
  },
  httr2 = function() {
    request <- httr2::req_method(httr2::request(url), method)
    request <- if (kind == "file") httr2::req_body_file(request, path) else httr2::req_body_raw(request, text)
    httr2::resp_status(httr2::req_perform(request))
  },
  curl = function() {
    handle <- curl::new_handle(customrequest = method, postfields = text)
    curl::curl_fetch_memory(url, handle)$status_code
  }
)

tryCatch(
  cat("status", libraries[[args[1]]](), "\n"),
  error = function(error) cat("error", gsub("\\s+", " ", conditionMessage(error)), "\n")
)
