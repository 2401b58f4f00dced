"""Django's admin, in a project as `django-admin startproject` makes it: who signed in at the gateway is signed in here.

    httpx, Basic ─▶ enfilade run site.wsgi --auth basic=FILE ─▶ REMOTE_USER ─▶ RemoteUserMiddleware ─▶ the admin's pages
"""

import re
import subprocess
import sys

import bcrypt
from behind import Case

SETTINGS = """
MIDDLEWARE.append("django.contrib.auth.middleware.RemoteUserMiddleware")
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.RemoteUserBackend"]
"""
ADA = """
from django.contrib.auth.models import User
User.objects.create(username="ada", is_staff=True, is_superuser=True)
"""


class Admin(Case):
    def setUp(self):
        super().setUp()
        self.manage(sys.executable, "-m", "django", "startproject", "shop", ".")
        settings = self.folder / "shop/settings.py"
        settings.write_text(settings.read_text() + SETTINGS)
        self.manage(sys.executable, "manage.py", "migrate", "--verbosity", "0")
        self.manage(sys.executable, "manage.py", "shell", "--command", ADA)
        users = [f"{name}:{bcrypt.hashpw(b'right', bcrypt.gensalt(4, b'2b')).decode()}" for name in ("ada", "bob")]
        self.file("users", "\n".join(users) + "\n")

    def manage(self, *command: str):
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def admin(self, *options: str, name: str = "ada"):
        server = self.serve("shop.wsgi:application", "--auth", f"basic={self.folder}/users", *options)
        return self.client(server, auth=(name, "right"), follow_redirects=True)

    def test_the_gateways_user_is_the_admins_user(self):
        page = self.admin().get("/admin/")
        self.assertEqual(page.status_code, 200)
        self.assertIn("Site administration", page.text)
        self.assertRegex(page.text, r"Welcome,\s*<strong>ada</strong>")

    def test_a_wrong_password_and_a_forged_header_never_reach_django(self):
        client = self.admin()
        for options in ({"auth": ("ada", "wrong")}, {"auth": None, "headers": {"Remote-User": "ada"}}):
            self.assertEqual(client.get("/admin/", **options).status_code, 401)

    def test_a_user_that_is_no_staff_is_known_and_kept_out(self):
        page = self.admin(name="bob").get("/admin/", headers={"Remote-User": "ada"})
        self.assertEqual(str(page.url.path), "/admin/login/")
        self.assertIn("You are authenticated as bob", page.text)

    def test_a_form_is_saved_shown_and_in_the_history_under_that_name(self):
        for threads in ("1", "4"):
            with self.subTest(threads=threads):
                client = self.admin("--threads", threads)
                form = client.get("/admin/auth/group/add/")
                token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form.text)[1]
                answer = client.post(
                    "/admin/auth/group/add/",
                    data={"csrfmiddlewaretoken": token, "name": f"Köche {threads}", "permissions": ["1", "2"]},
                )
                self.assertIn(f"Köche {threads}", answer.text)
                self.assertIn("was added successfully", answer.text)
                history = client.get(re.search(r"/admin/auth/group/\d+/", answer.text)[0] + "../history/")
                listed = client.get("/admin/auth/group/?q=K%C3%B6che")
                self.assertIn(f"Köche {threads}", listed.text)
                self.assertIn("ada", history.text)

    def test_a_form_without_its_token_is_refused_by_django(self):
        answer = self.admin().post("/admin/auth/group/add/", data={"name": "cooks"})
        self.assertEqual(answer.status_code, 403)
        self.assertIn("CSRF", answer.text)
