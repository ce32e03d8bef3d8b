"""The two steps by which somebody proves his phone, before recovering or opening an account."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import flash, redirect, render_template, session
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.auth.forms import CodeForm, PhoneProofForm
from portal.auth.pending import forget
from portal.auth.words import clock_time
from portal.context import current_cloud, database_session
from portal.identity import source_address
from server.accounts import SignInExpired, SignInRefused, phone_proof
from server.model import ProofPurpose
from server.people import IdNumberError

KEY = "phone_proof"
UNPROCESSABLE = 422
TOO_MANY = 429


@dataclass(frozen=True)
class ProofPages:
    """What the two steps of one purpose are called and where they lead."""

    purpose: ProofPurpose
    address: str
    words: Callable[[], dict[str, str]]

    def first(self, form: PhoneProofForm, status: int = 200) -> ResponseReturnValue:
        """Show the form for ID number and phone."""
        page = render_template("auth/proof.html", form=form, pages=self, **self.words())
        return page, status

    def second(self, form: CodeForm, status: int = 200) -> ResponseReturnValue:
        """Show the form for the code."""
        page = render_template("auth/proof_code.html", form=form, pages=self, **self.words())
        return page, status

    def begin(self) -> ResponseReturnValue:
        """Take ID number and phone; the answer is the same whoever that is."""
        form = PhoneProofForm()
        if not form.validate():
            return self.first(form, UNPROCESSABLE)
        try:
            token = phone_proof.begin(
                current_cloud(),
                database_session(),
                purpose=self.purpose,
                id_number=form.id_number.data or "",
                phone=form.phone.data or "",
                source=source_address(),
            )
        except IdNumberError:
            form.id_number.errors = [_("身份证号有误，请核对后重填。")]
            return self.first(form, UNPROCESSABLE)
        except SignInRefused as refused:
            when = clock_time(refused.retry_at) if refused.retry_at else ""
            flash(_("操作过于频繁，请于 %(time)s 后再试。", time=when), "warning")
            return self.first(form, TOO_MANY)
        forget()
        session[KEY] = {"token": token, "purpose": str(self.purpose)}
        return redirect(f"{self.address}/code", 303)

    def code_page(self) -> ResponseReturnValue:
        """Show the second step to whoever has begun."""
        return self.second(CodeForm()) if self.token() else redirect(self.address, 303)

    def check(self, onwards: str) -> ResponseReturnValue:
        """Take the code and go on."""
        token, form = self.token(), CodeForm()
        if not token:
            return redirect(self.address, 303)
        if not form.validate():
            return self.second(form, UNPROCESSABLE)
        try:
            phone_proof.prove(
                current_cloud(),
                database_session(),
                token=token,
                code=form.answer,
                source=source_address(),
            )
        except SignInExpired:
            return self.again()
        except SignInRefused:
            form.code.errors = [_("验证码不正确，请核对后重试。")]
            return self.second(form, UNPROCESSABLE)
        return redirect(onwards, 303)

    def token(self) -> str:
        """Return the token of whoever has begun for this purpose; "" for others."""
        kept = session.get(KEY) or {}
        return str(kept.get("token", "")) if kept.get("purpose") == self.purpose else ""

    def again(self) -> ResponseReturnValue:
        """Begin anew: too late, too many tries, or used."""
        forget()
        flash(_("验证已超时或尝试次数过多，请重新开始。"), "error")
        return redirect(self.address, 303)
