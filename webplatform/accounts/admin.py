"""Users and their devices in the admin."""

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm

from webplatform.accounts.models import ApiToken, User
from webplatform.photos.services import delete_person


class UserCreationForm(AdminUserCreationForm):
    """Asks for the e-mail address where Django asks for a user name."""

    class Meta:
        model = User
        fields = ("email",)


@admin.register(User)
class UserAdmin(DjangoUserAdmin):
    """Django's user admin, for users without a user name."""

    add_form = UserCreationForm
    ordering = ("-date_joined",)
    list_display = ("email", "is_active", "is_staff", "date_joined", "last_login")
    list_filter = ("is_active", "is_staff", "is_superuser", "date_joined")
    search_fields = ("email",)
    fieldsets = (
        (None, {"fields": ("email", "password")}),
        ("Permissions", {"fields": ("is_active", "is_staff", "is_superuser", "groups")}),
        ("Dates", {"fields": ("last_login", "date_joined")}),
    )

    def get_deleted_objects(self, objs, request):
        """Let photos and predictions go with the person, though none may go alone."""
        to_delete, counts, _, protected = super().get_deleted_objects(objs, request)
        return to_delete, counts, set(), protected

    def delete_model(self, request, obj: User) -> None:
        """Delete one person with the files of all photos."""
        delete_person(obj)

    def delete_queryset(self, request, queryset) -> None:
        """Delete several people with the files of all photos."""
        for person in queryset:
            delete_person(person)

    add_fieldsets = ((None, {"fields": ("email", "usable_password", "password1", "password2")}),)


@admin.register(ApiToken)
class ApiTokenAdmin(admin.ModelAdmin):
    """Shows which devices are logged in; deleting one logs it out."""

    list_display = ("user", "device", "created_at", "expires_at")
    list_select_related = ("user",)
    search_fields = ("user__email", "device")
    readonly_fields = ("user", "device", "created_at", "expires_at")
    exclude = ("digest", "password_digest")

    def has_add_permission(self, request) -> bool:
        """Tokens are issued to those who log in, never by hand."""
        return False
