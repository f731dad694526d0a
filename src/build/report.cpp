#include "src/build/report.hpp"

#include <boost/json.hpp>

namespace texbuild {
inline namespace v0 {
namespace build {

namespace json = boost::json;

std::string to_json(const build_report& report) {
  json::array notes;
  for (const auto& d : report.diagnostics)
    notes.push_back(json::object{{"level", static_cast<int>(d.level)},
                                 {"file", d.file},
                                 {"line", d.line},
                                 {"message", d.message},
                                 {"context", d.context}});
  json::array files;
  for (const auto& f : report.files)
    files.push_back(
        json::object{{"role", f.role}, {"name", f.name}, {"key", f.key}, {"offset", f.offset}, {"bytes", f.bytes}});
  return json::serialize(json::object{{"version", 1}, {"diagnostics", std::move(notes)}, {"files", std::move(files)}});
}

result<build_report> parse_report(std::string_view text) {
  build_report report;
  if (text.empty()) return report;
  try {
    const auto root = json::parse(json::string_view(text.data(), text.size()));
    for (const auto& v : root.at("diagnostics").as_array())
      report.diagnostics.emplace_back(static_cast<severity>(v.at("level").to_number<int>()),
                                      std::string(v.at("file").as_string()), v.at("line").to_number<int>(),
                                      std::string(v.at("message").as_string()),
                                      std::string(v.at("context").as_string()));
    for (const auto& v : root.at("files").as_array())
      report.files.push_back(kept_file{std::string(v.at("role").as_string()), std::string(v.at("name").as_string()),
                                       std::string(v.at("key").as_string()), v.at("offset").to_number<std::uint64_t>(),
                                       v.at("bytes").to_number<std::uint64_t>()});
  } catch (const std::exception& e) {
    return error(errc::internal, "the build's report cannot be read", e.what());
  }
  return report;
}

}  // namespace build
}  // namespace v0
}  // namespace texbuild
