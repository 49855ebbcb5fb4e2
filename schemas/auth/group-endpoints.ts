import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema } from "effect/http-api"
import { RequiredAcl } from "../common/caller.ts"
import {
  Forbidden,
  Invalid,
  NotFound,
  ReasonConflict,
  ReasonInvalid,
  ReasonNotFound,
  Unauthorized
} from "./errors.ts"
import { longText, page, pathUuid } from "./fields.ts"
import { GroupCreation, GroupsQuery, GroupUsersQuery, GroupView, UserGroupsQuery } from "./groups.ts"
import { AuthAuthentication, AuthInput, ErrorResource } from "./middleware.ts"
import { AttachedPoliciesQuery, PolicyView, UserView } from "./models.ts"

const Done = HttpApiSchema.NoContent
const group = { group_uuid: pathUuid }
const member = { ...group, user_uuid: pathUuid }
const groupPolicy = { ...group, policy: longText }
const membershipRefusals = [Unauthorized, NotFound, Invalid, Forbidden] as const
const attachmentRefusals = [Unauthorized, NotFound, ReasonNotFound] as const

/** Groups, their members and their policies (contracts/auth.md 9). */
export class GroupEndpoints extends HttpApiGroup.make("groups")
  .add(
    HttpApiEndpoint.get("list", "/groups", {
      query: GroupsQuery,
      success: page(GroupView),
      error: ReasonInvalid
    }).annotate(RequiredAcl, "auth.groups.read"),
    HttpApiEndpoint.post("create", "/groups", {
      payload: GroupCreation,
      success: GroupView,
      error: ReasonConflict
    }).annotate(RequiredAcl, "auth.groups.create"),
    HttpApiEndpoint.get("get", "/groups/:group_uuid", {
      params: group,
      success: GroupView,
      error: NotFound
    }).annotate(RequiredAcl, "auth.groups.{group_uuid}.read"),
    // Decoded by the handler: an unknown group is told before a bad body.
    HttpApiEndpoint.put("update", "/groups/:group_uuid", {
      params: group,
      payload: Schema.Unknown,
      success: GroupView,
      error: [Invalid, NotFound, Forbidden, ReasonConflict]
    }).annotate(RequiredAcl, "auth.groups.{group_uuid}.update"),
    HttpApiEndpoint.delete("remove", "/groups/:group_uuid", {
      params: group,
      success: Done,
      error: [Unauthorized, NotFound, Forbidden]
    }).annotate(RequiredAcl, "auth.groups.{group_uuid}.delete"),
    HttpApiEndpoint.get("users", "/groups/:group_uuid/users", {
      params: group,
      query: GroupUsersQuery,
      success: page(UserView)
    }).annotate(RequiredAcl, "auth.groups.{group_uuid}.users.read"),
    HttpApiEndpoint.put("addUser", "/groups/:group_uuid/users/:user_uuid", {
      params: member,
      success: Done,
      error: membershipRefusals
    }).annotate(RequiredAcl, "auth.groups.{group_uuid}.users.{user_uuid}.create"),
    HttpApiEndpoint.delete("removeUser", "/groups/:group_uuid/users/:user_uuid", {
      params: member,
      success: Done,
      error: membershipRefusals
    }).annotate(RequiredAcl, "auth.groups.{group_uuid}.users.{user_uuid}.delete"),
    HttpApiEndpoint.get("policies", "/groups/:group_uuid/policies", {
      params: group,
      query: AttachedPoliciesQuery,
      success: page(PolicyView),
      error: NotFound
    }).annotate(RequiredAcl, "auth.groups.{group_uuid}.policies.read"),
    HttpApiEndpoint.put("attachPolicy", "/groups/:group_uuid/policies/:policy", {
      params: groupPolicy,
      success: Done,
      error: attachmentRefusals
    }).annotate(RequiredAcl, "auth.groups.{group_uuid}.policies.{policy}.create"),
    HttpApiEndpoint.delete("detachPolicy", "/groups/:group_uuid/policies/:policy", {
      params: groupPolicy,
      success: Done,
      error: attachmentRefusals
    }).annotate(RequiredAcl, "auth.groups.{group_uuid}.policies.{policy}.delete"),
    HttpApiEndpoint.get("ofUser", "/users/:user_uuid/groups", {
      params: { user_uuid: pathUuid },
      query: UserGroupsQuery,
      success: page(GroupView),
      error: NotFound
    }).annotate(RequiredAcl, "auth.users.{user_uuid}.groups.read")
  )
  .middleware(AuthInput)
  .middleware(AuthAuthentication)
  .annotate(ErrorResource, "groups") {}
