// Serves a durable function to Inngest. With its dev server on this machine:
//
//   npx inngest-cli dev -u http://localhost:3000/api/inngest        # and in another terminal:
//   INNGEST_DEV=1 6_inngest 3000
//   curl -d '{"name":"app/paper.sent","data":{"title":"On trees"}}' http://localhost:8288/e/key
#include <texbuild/inngest.hpp>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <cstdlib>
#include <iostream>
#include <memory>

namespace http = boost::beast::http;
using boost::asio::ip::tcp;
using texbuild::json_text;

namespace {

json_text welcome(texbuild::function_run& step) {
  const auto title = step.data("/title").as_text();
  if (!title) throw texbuild::non_retriable_error("a paper needs a title");
  const auto pages = step.run("count the pages", [&] { return title->size(); });
  step.sleep("wait for the editor", std::chrono::seconds(5));
  const auto verdict = step.wait_for_event("verdict", {"app/paper.judged", std::chrono::hours(24)});
  return json_text::object({{"pages", pages}, {"accepted", verdict.has_value()}});
}

/// One request, one answer.
void serve(tcp::socket socket, const texbuild::inngest_endpoint& inngest) try {
  boost::beast::flat_buffer buffer;
  http::request_parser<http::string_body> parser;
  parser.body_limit(5u << 20);
  http::read(socket, buffer, parser);
  const auto& got = parser.get();
  texbuild::inngest_request request;
  request.method = std::string(got.method_string());
  request.url = std::string(got.target());
  for (const auto& field : got)
    request.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
  request.body = got.body();
  const auto said = inngest.answer(request);
  http::response<http::string_body> response(static_cast<http::status>(said.status), 11);
  for (const auto& [name, value] : said.headers) response.set(name, value);
  response.body() = said.body;
  response.keep_alive(false);
  response.prepare_payload();
  http::write(socket, response);
} catch (const std::exception& e) {
  std::cerr << e.what() << '\n';
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 2) return std::cerr << "usage: 6_inngest port\n", 2;
  texbuild::function_host host("app");
  texbuild::function_options on_paper;
  on_paper.id = "welcome";
  on_paper.triggers = {{"app/paper.sent"}};
  on_paper.retries = 2;
  host.add(on_paper, welcome).value();

  const auto variable = [](std::string_view name) -> std::optional<std::string> {
    const char* value = std::getenv(std::string(name).c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  };
  boost::asio::thread_pool requests(1);
  boost::asio::thread_pool bodies(8);  // steps that run in parallel are called at the same time
  texbuild::environment parts;
  parts.http = texbuild::make_http_client(requests.get_executor());
  const auto inngest =
      texbuild::inngest_endpoint::open(host, texbuild::inngest_options::from_environment(variable).value(), parts)
          .value();

  const auto port = static_cast<unsigned short>(std::atoi(argv[1]));
  tcp::acceptor acceptor(bodies, {boost::asio::ip::address_v4::loopback(), port});
  std::cout << "http://localhost:" << acceptor.local_endpoint().port() << "/api/inngest\n" << std::flush;
  for (;;) {
    auto socket = std::make_shared<tcp::socket>(acceptor.accept());
    boost::asio::post(bodies, [socket, &inngest] { serve(std::move(*socket), inngest); });
  }
} catch (const std::exception& e) {
  return std::cerr << e.what() << '\n', 2;
}
