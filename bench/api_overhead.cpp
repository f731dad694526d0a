// What the API adds to a build: from the POST of a ZIP until the last byte of the PDF is there (upload, wait, link,
// download; one connection), less the build itself. In turns with the same builds through the library, medians. Each
// build is of an edited project, so that no earlier result is the answer; the last row is one that is.
//
//   bench_api_overhead [rounds]
#include "bench/documents.hpp"
#include "bench/server_process.hpp"

#include <iostream>

namespace {

using bench::document;
using bench::documents;
namespace fs = std::filesystem;

/// The number behind a name in a JSON text.
double number(const std::string& json, const std::string& name) {
  const auto at = json.find('"' + name + "\":");
  return at == std::string::npos ? -1 : std::stod(json.substr(at + name.size() + 3));
}

struct times {
  double accepted = 0;  // until the 201: the ZIP is checked and the build in the store, on the disk
  double build = 0;     // as the server tells it
};

/// Sends a ZIP and gets the PDF.
times post(const bench::server_process& server, bench::connection& c, const document& d, const fs::path& zip) {
  const auto form = "--b\r\nContent-Disposition: form-data; name=\"engine\"\r\n\r\n" +
                    std::string(texbuild::to_string(d.engine)) +
                    "\r\n--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"p.zip\"\r\n\r\n" +
                    bench::text_of(zip) + "\r\n--b--\r\n";
  times out;
  std::string id;
  out.accepted = bench::time_of([&] {
    c.write(server.head("POST", "/api/build") + "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: " +
            std::to_string(form.size()) + "\r\n\r\n" + form);
    id = bench::member(c.read(), "id");
  });
  c.write(server.head("GET", "/api/build/" + id + "?wait=30") + "\r\n");
  const auto ended = c.read();
  if (bench::member(ended, "status") != "completed") throw std::runtime_error(ended);
  c.write(server.head("GET", "/api/build/" + id + "/pdf/url") + "\r\n");
  const auto link = bench::member(c.read(), "url");
  c.write("GET /api" + link + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
  if (!c.read().starts_with("%PDF")) throw std::runtime_error("no PDF");
  out.build = number(ended, "duration_ms");
  return out;
}

}  // namespace

int main(int argc, char** argv) try {
  const int rounds = argc > 1 ? std::max(1, std::atoi(argv[1])) : 21;
  const bench::scratch_folder scratch;
  const bench::server_process server;
  auto options = bench::usual_options();
  options.data_folder = scratch.path / "data";  // as the server has one
  auto engine = texbuild::engine::open(options).value();
  engine.warm().value();
  bench::connection c(server.port);

  std::printf(
      "| medians, ms | POST to PDF | the build, says the server | added | of it until the 201 | through the library | "
      "added |\n|---|---:|---:|---:|---:|---:|---:|\n");
  std::vector<double> again;
  for (const auto& d : {documents[0], documents[1]}) {
    const auto folder = scratch.path / d.word;
    const auto zip = scratch.path / "p.zip";
    bench::working_copy copy(d, {folder});
    std::mt19937 dice(5);
    std::vector<double> total, build, added, accepted, library;
    for (int round = -3; round < rounds; ++round) {  // the first ones warm both and are thrown away
      if (round == 0) total = build = added = accepted = library = again = {};
      copy.edit(0, 1, dice);
      texbuild::project::from_folder(folder).value().write_zip(zip).value();
      const auto run_library = [&] {
        library.push_back(bench::time_of([&] {
          texbuild::build_request request;
          request.engine = d.engine;
          const auto outcome = engine.build(texbuild::project::from_zip(zip).value(), request).value();
          if (!outcome.pdf || outcome.pdf->bytes().read_all().value().empty()) throw std::runtime_error("no PDF");
        }));
      };
      if (round % 2 == 0) run_library();
      times of_server;
      total.push_back(bench::time_of([&] { of_server = post(server, c, d, zip); }));
      build.push_back(of_server.build);
      added.push_back(total.back() - of_server.build);
      accepted.push_back(of_server.accepted);
      if (round % 2 != 0) run_library();
      again.push_back(bench::time_of([&] { (void)post(server, c, d, zip); }));
    }
    using bench::median;
    std::printf("| %s | %.1f | %.0f | %.1f | %.1f | %.1f | %.1f |\n", d.title, median(total), median(build),
                median(added), median(accepted), median(library), median(total) - median(library));
    std::fflush(stdout);
  }
  std::printf("| %s, nothing changed | %.1f | – | – | – | – | – |\n", documents[1].title, bench::median(again));
  return 0;
} catch (const std::exception& e) {
  std::cerr << '\n' << e.what() << '\n';
  return 1;
}
