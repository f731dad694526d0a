// One request and its answer over a connection of their own.
#pragma once

#include "src/http/address_book.hpp"
#include "src/http/url.hpp"

#include <texbuild/http.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ssl/context.hpp>

#include <memory>

namespace texbuild {
inline namespace v0 {
namespace http {

/// What the connections of one client have in common.
struct shared_parts {
  std::shared_ptr<boost::asio::ssl::context> tls;  ///< null for http
  std::shared_ptr<address_book> addresses;
};

/// Checks what would make the request mean something else on the wire, and sends it.
/// Completes once, never inline.
void run_exchange(const boost::asio::any_io_executor& executor, shared_parts shared, url_parts url,
                  http_request request, http_client::handler done);

/// The same for an answer that is read piece by piece.
void open_stream(const boost::asio::any_io_executor& executor, shared_parts shared, url_parts url, http_request request,
                 http_client::stream_handler done);

/// Completes `done` with what was found wrong before anything was sent.
void fail_exchange(const boost::asio::any_io_executor& executor, error why, http_client::handler done);
void fail_stream(const boost::asio::any_io_executor& executor, error why, http_client::stream_handler done);

}  // namespace http
}  // namespace v0
}  // namespace texbuild
