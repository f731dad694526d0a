#include "server/assistant/zip_of_one.hpp"

#include "server/assistant/form.hpp"
#include "tests/build/temporary_folder.hpp"

#include <texbuild/project.hpp>
#include <texbuild/testing.hpp>

#include <gmock/gmock.h>

#include <fstream>

namespace {

using ::testing::HasSubstr;
using namespace texbuild::assistant;

TEST(ZipOfOne, IsAProjectThatTheLibraryTakes) {
  const temporary_folder folder;
  const auto zip = zip_of_one("paper.tex", "\\documentclass{article}\\begin{document}x\\end{document}");
  std::ofstream(folder.path() / "p.zip", std::ios::binary) << zip;
  const auto project = texbuild::project::from_zip(folder.path() / "p.zip");
  ASSERT_TRUE(project) << project.error().detail();
  EXPECT_EQ(project->main_file(std::nullopt).value(), "paper.tex");
}

TEST(Form, KeepsNamesWithinTheirHeader) {
  texbuild::testing::fixed_entropy random(1);
  form f(random);
  f.add("engine", "auto");
  f.add_file("document", "a\"\r\nX-Evil: 1.pdf", "application/pdf", "BYTES");
  const auto mark = "--" + f.boundary();
  EXPECT_GE(mark.size(), 16U);
  EXPECT_EQ(f.content_type(), "multipart/form-data; boundary=" + f.boundary());
  EXPECT_EQ(f.body(), mark + "\r\nContent-Disposition: form-data; name=\"engine\"\r\n\r\nauto\r\n" + mark +
                          "\r\nContent-Disposition: form-data; name=\"document\"; filename=\"aX-Evil: 1.pdf\"\r\n"
                          "Content-Type: application/pdf\r\n\r\nBYTES\r\n" +
                          mark + "--\r\n");
}

}  // namespace
