begin;
select plan(5);

select tests.given_tale('owner');
select tests.given_conversation('other tale', 'owner');
select tests.given_message('elsewhere', 'other tale');

select tests.violates(
  $$ update public.messages set parent_id = id where id = tests.id('first answer') $$, 'messages',
  'messages_are_not_their_own_parent', 'nothing hangs below itself'
);
select throws_ok(
  $$ update public.messages set parent_id = tests.id('elsewhere') where id = tests.id('first answer') $$, '23503',
  'insert or update on table "messages" violates foreign key constraint "messages_hang_below_their_parent"',
  'nothing hangs below a message of another conversation'
);
select throws_ok(
  $$ update public.conversations set active_message_id = tests.id('elsewhere') where id = tests.id('tale') $$, '23503',
  'insert or update on table "conversations" violates foreign key constraint "conversations_point_at_their_own_message"',
  'the active leaf is one of the conversation''s own messages'
);
select throws_ok(
  $$ insert into public.messages (user_id, conversation_id) values (tests.id('owner'), tests.id('no tale')) $$, '23503',
  'insert or update on table "messages" violates foreign key constraint "messages_belong_to_a_conversation"',
  'a message is in a conversation'
);
select throws_ok(
  $$ insert into public.conversations (user_id) values (tests.id('nobody')) $$, '23503',
  'insert or update on table "conversations" violates foreign key constraint "conversations_belong_to_a_user"',
  'a conversation is somebody''s'
);

select * from finish();
rollback;
