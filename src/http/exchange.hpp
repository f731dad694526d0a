// One request and its answer over a connection of their own.
#pragma once

#include "src/http/url.hpp"

#include <texbuild/http.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ssl/context.hpp>

#include <memory>

namespace texbuild {
inline namespace v0 {
namespace http {

/// Checks what would make the request mean something else on the wire, and sends it. `tls` may be null for http.
/// Completes once, never inline.
void run_exchange(const boost::asio::any_io_executor& executor, std::shared_ptr<boost::asio::ssl::context> tls,
                  url_parts url, http_request request, http_client::handler done);

/// The same for an answer that is read piece by piece.
void open_stream(const boost::asio::any_io_executor& executor, std::shared_ptr<boost::asio::ssl::context> tls,
                 url_parts url, http_request request, http_client::stream_handler done);

/// Completes `done` with what was found wrong before anything was sent.
void fail_exchange(const boost::asio::any_io_executor& executor, error why, http_client::handler done);
void fail_stream(const boost::asio::any_io_executor& executor, error why, http_client::stream_handler done);

}  // namespace http
}  // namespace v0
}  // namespace texbuild
