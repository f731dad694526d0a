#include "tests/e2e/real_server.hpp"

#include <algorithm>
#include <cctype>
#include <csignal>
#include <ctime>
#include <fcntl.h>
#include <random>
#include <regex>
#include <spawn.h>
#include <stdexcept>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace texbuild_test {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::seconds;

// --- processes ----------------------------------------------------------------------------------------------------

child::child(const std::vector<std::string>& argv, const variables& environment, const fs::path& out,
             const fs::path& err) {
  std::vector<std::string> lines;
  for (const auto& [name, value] : environment) lines.push_back(name + "=" + value);
  std::vector<char*> arguments, settings;
  for (const auto& a : argv) arguments.push_back(const_cast<char*>(a.c_str()));
  for (const auto& l : lines) settings.push_back(const_cast<char*>(l.c_str()));
  arguments.push_back(nullptr);
  settings.push_back(nullptr);
  posix_spawn_file_actions_t files;
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_addopen(&files, 1, out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  ::posix_spawn_file_actions_addopen(&files, 2, err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  const int failed = ::posix_spawnp(&pid_, arguments[0], &files, nullptr, arguments.data(), settings.data());
  ::posix_spawn_file_actions_destroy(&files);
  if (failed != 0) throw std::runtime_error("cannot start " + argv.front());
}

child::~child() {
  if (ended()) return;
  send(SIGKILL);
  wait();
}

void child::send(int signal) const {
  if (!status_) ::kill(pid_, signal);
}

int child::wait() {
  if (status_) return *status_;
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return *status_;
}

bool child::ended() {
  int status = 0;
  if (!status_ && ::waitpid(pid_, &status, WNOHANG) == pid_)
    status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return status_.has_value();
}

ended_run run(const std::vector<std::string>& argv, const variables& more) {
  const temporary_folder files;
  variables with{{"PATH", "/usr/local/bin:/usr/bin:/bin"}, {"HOME", files.path().string()}, {"LC_ALL", "C.UTF-8"}};
  for (const auto& [name, value] : more) with[name] = value;
  child c(argv, with, files.path() / "out", files.path() / "err");
  ended_run r;
  r.exit = c.wait();
  r.out = read_file(files.path() / "out");
  r.err = read_file(files.path() / "err");
  return r;
}

bool comes_true(const std::function<bool()>& ask, seconds patience) {
  const auto until = std::chrono::steady_clock::now() + patience;
  while (!ask()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(milliseconds(10));
  }
  return true;
}

// --- the server ---------------------------------------------------------------------------------------------------

// Nothing of the test's own environment: no setting of the person who runs the tests reaches the server.
variables real_server::whole_environment(const variables& more) const {
  variables all{{"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
                {"HOME", (folder_.path() / "home").string()},
                {"LC_ALL", "C.UTF-8"},
                {"TEXBUILD_PLANS", TEXBUILD_TEST_DATA "/plans.json"},  // no limits, where they are not what is tested
                {"TEXBUILD_WARM_FONTS", "false"}};                     // a minute of both processors, for every start
  for (const auto& [name, value] : more) all[name] = value;
  return all;
}

void real_server::start() {
  fs::create_directories(folder_.path() / "home");
  fs::remove(folder_.path() / "port");
  auto argv = wrapper;
  for (const std::string& a :
       {std::string(TEXBUILD_E2E_SERVER), std::string("--listen"), listen, std::string("--data-dir"), data().string(),
        std::string("--port-file"), (folder_.path() / "port").string(), std::string("--dev-token-file"),
        (folder_.path() / "token").string()})
    argv.push_back(a);
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  running_.reset();
  running_.emplace(argv, whole_environment(environment), folder_.path() / "out", folder_.path() / "err");
  const bool up = comes_true([&] { return running_->ended() || read_file(folder_.path() / "port").ends_with('\n'); });
  if (!up || running_->ended()) throw std::runtime_error("the server did not come up: " + err());
  port_ = static_cast<std::uint16_t>(std::stoi(read_file(folder_.path() / "port")));
  // The token follows the port.
  if (std::find(arguments.begin(), arguments.end(), "--dev") != arguments.end() &&
      !comes_true([&] { return read_file(folder_.path() / "token").ends_with('\n'); }))
    throw std::runtime_error("the server wrote no token: " + err());
}

ended_run real_server::try_start(const std::vector<std::string>& all_arguments, const variables& with) const {
  std::vector<std::string> argv{TEXBUILD_E2E_SERVER};
  argv.insert(argv.end(), all_arguments.begin(), all_arguments.end());
  return run(argv, whole_environment(with));
}

void real_server::kill() {
  running_->send(SIGKILL);
  running_->wait();
}

int real_server::wait() { return running_->wait(); }

int real_server::stop() {
  running_->send(SIGTERM);
  return running_->wait();
}

std::string real_server::token() const {
  auto text = read_file(folder_.path() / "token");
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

// --- requests -----------------------------------------------------------------------------------------------------

http_answer real_server::ask(const std::string& method, const std::string& target, const std::string& headers,
                             const std::string& body) const {
  connection c(port_);
  auto head = method + " " + target + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + headers;
  if (!body.empty()) head += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  c.write(head + "\r\n" + body);
  return c.read(method == "HEAD");
}

http_answer real_server::as(const std::string& method, const std::string& target, const std::string& bearer,
                            const std::string& headers) const {
  return ask(method, target, "Authorization: Bearer " + (bearer.empty() ? token() : bearer) + "\r\n" + headers);
}

http_answer real_server::upload(const std::string& zip, const std::map<std::string, std::string>& fields,
                                const std::string& bearer, const std::string& headers) const {
  return ask("POST", "/api/build",
             "Authorization: Bearer " + (bearer.empty() ? token() : bearer) +
                 "\r\nContent-Type: multipart/form-data; boundary=b\r\n" + headers,
             form_of(zip, fields));
}

std::string real_server::upload_head(std::uint64_t body_bytes) const {
  return "POST /api/build HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + token() +
         "\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: " + std::to_string(body_bytes) +
         "\r\n\r\n";
}

std::string real_server::accepted(const std::string& zip, const std::map<std::string, std::string>& fields) const {
  const auto created = upload(zip, fields);
  EXPECT_EQ(created.status, 201) << created.body;
  return created.status == 201 ? created.text("id") : "";
}

http_answer real_server::ended(const std::string& id, const std::string& bearer) const {
  for (;;) {
    auto build = as("GET", "/api/build/" + id + "?wait=30", bearer);
    if (build.status != 200) {
      ADD_FAILURE() << id << ": " << build.status << " " << build.body;
      return build;
    }
    const auto status = build.text("status");
    if (status != "pending" && status != "compiling") return build;
  }
}

void real_server::begun(const std::string& id) const {
  EXPECT_TRUE(comes_true([&] { return get("/api/build/" + id + "/status").text("status") != "pending"; }));
}

http_answer real_server::pdf(const std::string& id) const {
  const auto link = get("/api/build/" + id + "/pdf/url");
  if (link.status == 200) return ask("GET", "/api" + link.text("url"));
  ADD_FAILURE() << id << ": " << link.body;
  return link;
}

std::vector<boost::json::object> real_server::list() const {
  std::vector<boost::json::object> all;
  for (int page = 1;; ++page) {
    const auto answer = get("/api/build?page_size=100&page=" + std::to_string(page));
    EXPECT_EQ(answer.status, 200) << answer.body;
    const auto body = answer.json();
    const auto& builds = body.at("builds").as_array();
    for (const auto& b : builds) all.push_back(b.as_object());
    if (builds.size() < 100) return all;
  }
}

// --- what it leaves -----------------------------------------------------------------------------------------------

std::set<std::string> real_server::stored(const std::vector<std::string>& below) const {
  std::set<std::string> out;
  for (const auto& name : below) {
    std::error_code gone;  // files may vanish while we look
    for (auto i = fs::recursive_directory_iterator(data() / name, gone); !gone && i != fs::end(i); i.increment(gone))
      out.insert(i->path().lexically_relative(data()).string());
  }
  return out;
}

std::size_t real_server::descriptors() const {
  std::size_t count = 0;
  for (const auto& entry : fs::directory_iterator("/proc/" + std::to_string(pid()) + "/fd")) {
    std::error_code gone;
    const auto name = fs::read_symlink(entry.path(), gone).filename().string();
    if (!gone && !name.starts_with("texbuild.db") && !name.starts_with("rates.db")) ++count;
  }
  return count;
}

std::vector<std::string> real_server::workers() const {
  std::vector<std::string> out;
  const auto mark = folder_.path().filename().string();
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const auto id = entry.path().filename().string();
    if (!std::all_of(id.begin(), id.end(), [](unsigned char c) { return std::isdigit(c); })) continue;
    if (std::stoi(id) == ::getpid() || (running_ && std::stoi(id) == running_->pid())) continue;
    std::error_code gone;
    // By its arguments, its folder, or what is mounted for it: one of them tells, whatever the sandbox is made of.
    auto command = read_file(entry.path() / "cmdline");
    const auto mounts = read_file(entry.path() / "mountinfo");
    // A running server has engines that wait, and copies of them in projects' places: they have no output. Of a dead
    // one nothing may be left.
    const auto has = [&](const std::string& part) {
      return mounts.find(part) != std::string::npos || command.find(part) != std::string::npos;
    };
    const bool says_something = fs::read_symlink(entry.path() / "fd" / "1", gone).string().starts_with("pipe:");
    if (running_ && has(mark + "/data/engines/") && !has("/scratch/bld_") && !says_something) continue;
    if (command.find(mark) != std::string::npos ||
        fs::read_symlink(entry.path() / "cwd", gone).string().find(mark) != std::string::npos ||
        mounts.find(mark + "/data") != std::string::npos) {
      std::replace(command.begin(), command.end(), '\0', ' ');
      out.push_back(id + " " + command);
    }
  }
  return out;
}

// --- documents ----------------------------------------------------------------------------------------------------

std::string zip_of(const std::string& main_tex) {
  zip_builder zip;
  zip.add("main.tex", main_tex);
  return zip.build();
}

std::string document(const std::string& body, const std::string& preamble) {
  return "\\documentclass{article}\n" + preamble + "\\begin{document}\n" + body + "\n\\end{document}\n";
}

std::string slow_document(const std::string& body, int turns) {
  return document("\\newcount\\n\\def\\next{\\advance\\n by 1 \\ifnum\\n<" + std::to_string(turns) +
                  " \\expandafter\\next\\fi}\\next\n" + body);
}

std::string endless_document() { return document("\\def\\next{\\next}\\next"); }

std::string big_project() {
  std::mt19937_64 random(7);
  std::string noise(16 << 20, '\0');
  for (std::size_t i = 0; i + 8 <= noise.size(); i += 8) {
    const auto word = random();
    std::copy_n(reinterpret_cast<const char*>(&word), 8, noise.data() + i);
  }
  zip_builder zip;
  zip.add("main.tex", document("\\pdfcompresslevel=0 \\immediate\\pdfobj stream file {noise.bin}big"));
  zip.add("noise.bin", std::move(noise)).method = 0;
  return zip.build();
}

std::string text_of(const std::string& pdf) {
  const temporary_folder reading;
  write_file(reading.path() / "x.pdf", pdf);
  const auto said = run({"pdftotext", "-q", "-layout", (reading.path() / "x.pdf").string(), "-"});
  std::string words;
  for (const char c : said.out) {
    const bool blank = c == ' ' || c == '\n' || c == '\f';
    if (!blank || !words.ends_with(' ')) words += blank ? ' ' : c;
  }
  return said.exit == 0 ? words : "";
}

std::string info_of(const std::string& pdf) {
  const temporary_folder reading;
  write_file(reading.path() / "x.pdf", pdf);
  return run({"pdfinfo", (reading.path() / "x.pdf").string()}).out;
}

std::optional<std::int64_t> time_of(const std::string& text) {
  static const std::regex shape(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)");
  std::tm parts{};
  if (!std::regex_match(text, shape) || ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%SZ", &parts) == nullptr) return {};
  return ::timegm(&parts);
}

}  // namespace texbuild_test
