begin;
select plan(6);

select tests.make_user('stranger');
select tests.make_user('owner');
select tests.given_bot('bot', 'owner');
create temp table begun as select tests.call_begin('owner', 'first', 'Once?') as answer;

select tests.sign_in_as('owner');
select results_eq(
  'select content, is_user_author from public.messages', $$ values ('Once?', true) $$,
  'the user''s words are there at once'
);
select is(tests.call_finish('first', 'Once upon a time.') ->> 'status', 'completed', 'the bot answers');

select tests.sign_in_as('owner');
select results_eq(
  $$ select content, is_user_author, is_complete, stream_id from public.messages order by created_at $$,
  $$ values ('Once?', true, true, null), ('Once upon a time.', false, true, 'first') $$, 'the answer is there'
);
select results_eq(
  $$ select m.content from public.conversations c join public.messages m on m.id = c.active_message_id $$,
  $$ values ('Once upon a time.') $$, 'it is the active leaf'
);
select tests.sign_in_as('stranger');
select is_empty('select 1 from public.messages', 'a stranger reads nothing of it');
select is_empty('select 1 from public.conversations', 'nor where it was said');

select * from finish();
rollback;
