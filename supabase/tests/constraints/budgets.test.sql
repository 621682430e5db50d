begin; select plan(15);
select tests.make_user('owner');
select tests.given_bot('bot', 'owner');
select tests.given_budget('day', 10);

select tests.violates('select tests.given_budget(' || args || ')', violated, args) from (values
  ($$ 'week', 10 $$,                                 'budgets_periods_are_known'),
  ($$ 'month', 10 $$,                                null),
  ($$ 'month', -1 $$,                                'budgets_are_not_negative'),
  ($$ 'month', cost => -0.01 $$,                     'budgets_are_not_negative'),
  ($$ 'month', cost => 'NaN' $$,                     'budgets_are_not_negative'),
  ($$ 'month', cost => 'Infinity' $$,                'budgets_are_not_negative'),
  ($$ 'ever', 0, 0 $$,                               null),
  ($$ 'day', bot => 'bot' $$,                        'budgets_limit_something'),
  ($$ 'day', owner => 'owner' $$,                    null),
  ($$ 'day', 10, is_shared => true, owner => 'owner', bot => 'bot' $$, 'budgets_of_one_user_are_not_shared'),
  ($$ 'day', 20 $$,                                  'budgets_are_there_once'),
  ($$ 'day', 20, is_shared => true $$,               null)
) as m (args, violated);
select tests.violates(statement, violated, statement) from (values
  ($$ insert into relay.models (endpoint, model, bytes_per_token, usual_reply_tokens) values ('e', 'm', 3, 0) $$,
    'models_replies_are_not_empty'),
  ($$ insert into relay.generations (stream_id, user_id, model, worker_id, lease_expires_at, reserved_tokens)
    values ('first', tests.id('owner'), 'model', 'worker', now(), -1) $$, 'generations_holds_are_not_negative'),
  ($$ insert into relay.generations (stream_id, user_id, model, worker_id, lease_expires_at, reserved_cost)
    values ('first', tests.id('owner'), 'model', 'worker', now(), -1) $$, 'generations_holds_are_not_negative')
) as m (statement, violated);

select * from finish(); rollback;
