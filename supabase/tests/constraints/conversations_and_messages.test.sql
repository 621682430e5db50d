begin; select plan(22);
select tests.given_tale('owner');
select tests.given_conversation('other tale', 'owner');
select tests.given_message('elsewhere', 'other tale');
select tests.given_message('alone', 'tale');

select tests.violates(
  format('update public.messages set %s where id = tests.key(%L)', change, message), violated, message || ': ' || change
) from (values
  ('first question', $$ finish_reason = 'stop' $$,          'messages_of_users_have_no_ending'),
  ('first question', $$ usage = '{}' $$,                    'messages_of_users_have_no_ending'),
  ('first question', $$ bot_id = tests.key('bot') $$,        'messages_of_users_have_no_ending'),
  ('first answer',   $$ finish_reason = 'cancelled' $$,     'messages_stopped_early_are_incomplete'),
  ('first answer',   $$ finish_reason = 'disconnected' $$,  'messages_stopped_early_are_incomplete'),
  ('first answer',   $$ finish_reason = 'timeout' $$,       'messages_stopped_early_are_incomplete'),
  ('first answer',   $$ finish_reason = 'interrupted' $$,   'messages_stopped_early_are_incomplete'),
  ('first answer',   $$ finish_reason = 'error' $$,         'messages_stopped_early_are_incomplete'),
  ('first answer',   $$ finish_reason = 'length', usage = '{}', bot_id = tests.key('bot') $$, null),
  ('first answer',   'is_streaming = true',                 'messages_are_never_streaming'),
  ('alone',          'parent_id = id',                      'messages_are_not_their_own_parent'),
  ('alone',          $$ parent_id = tests.key('elsewhere') $$, 'messages_hang_below_their_parent'),
  ('alone',          $$ conversation_id = tests.key('none') $$, 'messages_belong_to_a_conversation'),
  ('second answer',  $$ parent_id = tests.key('other answer') $$, 'messages_keep_their_parent'),
  ('first question', $$ parent_id = tests.key('second answer') $$, 'messages_keep_their_parent'),
  ('alone',          $$ parent_id = tests.key('second answer') $$, null),
  ('first answer',   $$ stream_id = 'first' $$,             null),
  ('second answer',  $$ stream_id = 'first' $$,             'messages_stream_id_unique')
) as m (message, change, violated);
select is(count(*), 7::bigint, 'messages without a generation are not in each other''s way') from public.messages
where stream_id is null;
select tests.violates(statement, violated, statement) from (values
  ($$ update public.conversations set active_message_id = tests.key('elsewhere') where id = tests.key('tale') $$,
    'conversations_point_at_their_own_message'),
  ($$ insert into public.conversations (user_id) values (tests.id('stranger')) $$, 'conversations_belong_to_a_user'),
  ($$ insert into public.messages (user_id, conversation_id) values (tests.id('stranger'), tests.key('tale')) $$,
    'messages_belong_to_a_user')
) as m (statement, violated);

select * from finish(); rollback;
